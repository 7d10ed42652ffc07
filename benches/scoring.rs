//! What scoring costs: rust-bert's padded, masked forward pass against the packed one, alone and in batches, on the
//! demo's turns with their contexts, and what the heads add to the encoder. Prints a table of minima over several rounds, taken in turn so that a noisy machine hits all alike.
//!
//! Run: `cargo bench --bench scoring`, or with `-- heads` for what the heads cost alone. Figures in docs/performance.md come from here.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use rust_bert::bert::BertConfig;
use tokio::time::Instant;
use undertone::scoring::{CONFIG_FILE, Model, Prepared, WEIGHTS_FILE, Window, read_json};
use undertone::training::{Network, Padded};
use undertone::wire::{ClientFrame, Turn};

const ROUNDS: usize = 7;
const TURNS: usize = 192;
/// Turns of one padded batch; also what a packed one is compared with.
const BATCH_TURNS: usize = 32;

/// One way of scoring all turns, and its best time so far.
struct Way<'a> {
    name: String,
    run: Box<dyn Fn() + 'a>,
    best: Duration,
}

fn main() {
    tch::set_num_threads(1);
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = checkout.join("models/undertone-en");
    let model = Model::load(&folder).expect("the shipped model");
    let config: BertConfig = read_json(&folder.join(CONFIG_FILE)).expect("the shipped model");
    let mut network = Network::new(&config, 0.0);
    network.fill(&folder.join(WEIGHTS_FILE)).expect("the shipped model");
    let turns = turns(checkout, &model);
    let tokens: usize = turns.iter().map(Prepared::tokens).sum();
    let (network, model, turns) = (&network, &model, turns.as_slice());
    let padded = |batch: &[Prepared]| {
        let windows: Vec<&Window> = batch.iter().map(|turn| &turn.windows()[0]).collect();
        let _ = tch::no_grad(|| network.outputs(&Padded::new(&windows), false)).expect("libtorch");
    };
    let packed = |batch: &[Prepared]| {
        model.engine.score(&batch.iter().collect::<Vec<_>>()).expect("libtorch");
    };
    let encoder_only = |batch: &[Prepared]| {
        model.engine.encode_only(&batch.iter().collect::<Vec<_>>()).expect("libtorch");
    };
    let mut ways = vec![
        way("rust-bert, padded, 1 turn at a time", || turns.chunks(1).for_each(padded)),
        way("rust-bert, padded, batches of 32 turns", || turns.chunks(BATCH_TURNS).for_each(padded)),
        way("packed, 1 turn at a time", || turns.chunks(1).for_each(packed)),
    ];
    for size in [2, 4, 8, 16, 32, 64, 192] {
        ways.push(way(format!("packed, batches of {size} turns"), move || {
            turns.chunks(size).for_each(packed)
        }));
    }
    ways.push(way("the encoder alone, 1 turn at a time", || turns.chunks(1).for_each(encoder_only)));
    ways.push(way("the encoder alone, batches of 32 turns", || {
        turns.chunks(BATCH_TURNS).for_each(encoder_only)
    }));
    if std::env::args().any(|argument| argument == "heads") {
        let compared = ["1 turn at a time", "batches of 32 turns"];
        ways.retain(|way| {
            !way.name.starts_with("rust-bert") && compared.iter().any(|size| way.name.ends_with(size))
        });
    }
    for _ in 0..ROUNDS {
        for way in &mut ways {
            let began = Instant::now();
            (way.run)();
            way.best = way.best.min(began.elapsed());
        }
    }
    println!("{TURNS} turns, {tokens} tokens, one thread, best of {ROUNDS} rounds");
    println!("| way | ms a turn | turns/s | tokens/s |\n|---|---|---|---|");
    for Way { name, best, .. } in &ways {
        let seconds = best.as_secs_f64();
        let (each, rate) = (seconds * 1e3 / TURNS as f64, TURNS as f64 / seconds);
        println!("| {name} | {each:.2} | {rate:.0} | {:.0} |", tokens as f64 / seconds);
    }
    let seconds = |name: &str| -> f64 {
        ways.iter().find(|way| way.name == name).map_or(f64::NAN, |way| way.best.as_secs_f64())
    };
    println!();
    for size in ["1 turn at a time", "batches of 32 turns"] {
        let encoder = seconds(&format!("the encoder alone, {size}"));
        let heads = seconds(&format!("packed, {size}")) - encoder;
        println!("heads and evidence, {size}: {:.1} % of the encoder's time", heads / encoder * 100.0);
    }
}

fn way<'a>(name: impl Into<String>, run: impl Fn() + 'a) -> Way<'a> {
    Way { name: name.into(), run: Box::new(run), best: Duration::MAX }
}

/// The demo's first turns, each behind the other side's turn before it.
fn turns(checkout: &Path, model: &Model) -> Vec<Prepared> {
    let file =
        std::fs::read_to_string(checkout.join("scripts/demo-conversations.jsonl")).expect("the demo's file");
    let turns = file.lines().filter_map(|line| match ClientFrame::parse(line).ok()?.frame {
        ClientFrame::Turn { turn, .. } => Some(turn),
        _ => None,
    });
    let mut last: HashMap<(String, bool), String> = HashMap::new();
    let prepare = |turn: Turn| {
        let business = turn.role.is_business();
        let context = last.get(&(turn.conversation_id.clone(), !business)).cloned();
        last.insert((turn.conversation_id, business), turn.text.clone());
        model.tokenizing.prepare(turn.role, &turn.text, context.as_deref())
    };
    turns.take(TURNS).map(prepare).collect()
}
