#!/usr/bin/env python3
"""Sends two turns to undertone and prints what it says of them.

    pip install websockets
    UNDERTONE_TOKEN=... python3 client.py ws://127.0.0.1:8787/v1/ingest

It does what docs/protocol.md asks of every client: it waits for each answer, sends again what was refused for now
(same turn_id, fresh seq), and says which close codes are worth coming back for.
"""
import asyncio
import json
import os
import sys
from datetime import datetime, timezone

import websockets

URL = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("UNDERTONE_URL", "ws://127.0.0.1:8787/v1/ingest")
TOKEN = os.environ.get("UNDERTONE_TOKEN")
NEVER_AGAIN = {1002, 1003, 1007, 1009, 4400, 4401, 4403, 4409}


def turn(turn_id, role, text):
    now = datetime.now(timezone.utc).isoformat()
    return {"type": "turn", "turn_id": turn_id, "conversation_id": f"example-py-{os.getpid()}", "role": role,
            "text": text, "ts": now, "channel": "chat", "queue": "billing"}


async def session(turns):
    headers = {"Authorization": f"Bearer {TOKEN}"} if TOKEN else {}
    async with websockets.connect(URL, subprotocols=["undertone.v1.json"], additional_headers=headers) as socket:
        await socket.send(json.dumps({"type": "identify", "source": "example-py"}))
        waiting = {}  # seq -> turn
        seq = 0

        async def send(frame):
            nonlocal seq
            seq += 1
            waiting[seq] = frame
            await socket.send(json.dumps(frame | {"seq": seq}))

        for frame in turns:
            await send(frame)
        async for message in socket:
            frame = json.loads(message)
            if frame["type"] == "scored":
                waiting.pop(frame["seq"])
                print(json.dumps(frame, ensure_ascii=False))
            elif frame["type"].startswith("alert."):
                print(frame["type"], frame["severity"], frame["summary"], file=sys.stderr)
            elif frame["type"] == "error":
                refused = waiting.pop(frame.get("seq"), None)
                if not (frame["temporary"] and refused):
                    raise SystemExit(f"refused: {frame['code']}: {frame['message']}")
                await asyncio.sleep(frame.get("retry_after_ms", 500) / 1000)
                await send(refused)
            if not waiting:
                return


try:
    asyncio.run(session([turn("m-1", "customer", "This is the third time I ask. Where is my refund?"),
                         turn("m-2", "agent", "I am sorry about that. It went out this morning.")]))
except (OSError, websockets.InvalidHandshake) as refused:
    sys.exit(f"cannot connect to {URL}: {refused}")
except websockets.ConnectionClosed as closed:
    code = closed.rcvd.code if closed.rcvd else 1006
    sys.exit(f"closed with {code}: {'do not reconnect' if code in NEVER_AGAIN else 'reconnect after a pause'}")
