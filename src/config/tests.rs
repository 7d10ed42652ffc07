//! What a user who writes a configuration may rely on.

use super::*;

fn from_text(text: &str) -> Result<Config, String> {
    from(text, &[], &[])
}

fn from(text: &str, environment: &[(&str, &str)], flags: &[&str]) -> Result<Config, String> {
    let mut raw = Raw::default();
    let environment: Vec<_> = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let flags: Vec<_> = flags.iter().map(|flag| (*flag).to_owned()).collect();
    raw.read_text(text, Path::new("u.toml"))
        .and_then(|()| raw.read_environment(&environment))
        .and_then(|()| raw.read_flags(&flags))
        .and_then(|()| Config::validate(&raw))
        .map_err(|error| error.to_string())
}

fn defaults() -> Config {
    from_text("").expect("defaults are valid")
}

/// The example file with every key that is commented out set.
fn example_with_all_keys() -> String {
    let example = include_str!("../../undertone.example.toml");
    let set = |line: &str| match line.strip_prefix("# ") {
        Some(rest)
            if KEYS
                .iter()
                .any(|k| rest.starts_with(&format!("{} = ", k.path.split_once('.').unwrap().1))) =>
        {
            format!("{rest}\n")
        }
        _ => format!("{line}\n"),
    };
    example.lines().map(set).collect()
}

#[test]
fn the_example_is_valid_and_equals_the_defaults() {
    let example = from_text(include_str!("../../undertone.example.toml")).expect("the example is valid");
    assert_eq!(example, defaults());
}

#[test]
fn the_example_documents_every_key_and_no_other() {
    let all = example_with_all_keys();
    from_text(&all).expect("the example is valid with every key set");
    let table: toml::Table = all.parse().unwrap();
    for key in KEYS {
        let (section, name) = key.path.split_once('.').unwrap();
        assert!(table[section].get(name).is_some(), "{} is not in undertone.example.toml", key.path);
    }
}

#[test]
fn mistakes_are_answered_with_place_key_and_what_is_allowed() {
    #[rustfmt::skip] // a table
    let table = [
        ("[server]\nlisten = \"localhost\"", "u.toml, line 2: server.listen: \"localhost\" is not an address and a port, for example 127.0.0.1:8787 or [::1]:8787"),
        ("[server]\nlisten = 8787", "u.toml, line 2: server.listen: it must be text in quotes, not a whole number"),
        ("[server]\n\nlissten = \"127.0.0.1:1\"", "u.toml, line 3: unknown key server.lissten; did you mean server.listen?"),
        ("[sever]\nlisten = \"127.0.0.1:1\"", "u.toml, line 1: unknown key sever.listen; did you mean server.listen?"),
        ("[server]\nidle_seconds = 5", "u.toml, line 2: unknown key server.idle_seconds; did you mean conversation.idle_seconds?"),
        ("[server]\nxyzzy = 5", "u.toml, line 2: unknown key server.xyzzy"),
        ("listen = \"127.0.0.1:1\"", "u.toml, line 1: unknown key listen; did you mean server.listen?"),
        ("[scoring]\nqueue_turns = 0", "u.toml, line 2: scoring.queue_turns: 0 is not a whole number from 1 to 1000000"),
        ("[scoring]\nqueue_turns = -5", "u.toml, line 2: scoring.queue_turns: -5 is not a whole number from 1 to 1000000"),
        ("[scoring]\nqueue_turns = \"many\"", "u.toml, line 2: scoring.queue_turns: it must be a whole number from 1 to 1000000, not text"),
        ("[alerts]\nrules_file = 3", "u.toml, line 2: alerts.rules_file: it must be text in quotes, not a whole number"),
        ("[alerts]\nrules_file = \"no-such.toml\"", "u.toml, line 2: alerts.rules_file: cannot read no-such.toml: No such file or directory (os error 2)"),
        ("[detectors]\nchat_first_reply_seconds = -1", "u.toml, line 2: detectors.chat_first_reply_seconds: -1 is not a whole number from 0 to 2592000"),
        ("[detectors]\nescalation_agent_turns = 0", "u.toml, line 2: detectors.escalation_agent_turns: 0 is not a whole number from 1 to 100"),
        ("[detectors]\nbusiness_hours = [\"mon-fri 9-17\"]", "u.toml, line 2: detectors.business_hours: \"mon-fri 9-17\" is not days and times such as \"mon-fri 09:00-17:00\" or \"sat 10:00-14:00\""),
        ("[detectors]\ntime_zone = \"Berlin\"", "u.toml, line 2: detectors.time_zone: \"Berlin\" is not a time zone that this system knows, such as Europe/Berlin or UTC"),
        ("[detectors]\ncustomer_baseline = 1", "u.toml, line 2: detectors.customer_baseline: it must be true or false, not a whole number"),
        ("[log]\nlevel = \"loud\"", "u.toml, line 2: log.level: \"loud\" is not one of error, warn, info, debug, trace"),
        ("[server]\npublic_url = \"desk\"", "u.toml, line 2: server.public_url: it must begin with http:// or https:// and name a host"),
        ("[server]\nallowed_origins = [\"*\"]", "u.toml, line 2: server.allowed_origins: each is a scheme and a host as browsers send them, for example https://desk.example.com"),
        ("[server]\nlisten = \"0.0.0.0:8787\"", "u.toml, line 2: server.listen: beyond loopback the server needs a token: set server.token, or listen on 127.0.0.1 or [::1]"),
    ];
    for (text, message) in table {
        assert_eq!(from_text(text).err().as_deref(), Some(message), "{text}");
    }
    let syntax = from_text("[server]\nlisten = ").unwrap_err();
    assert!(syntax.starts_with("u.toml, line 2: not TOML: "), "{syntax}");
}

#[test]
fn the_environment_goes_before_the_file_and_flags_before_both() {
    let file = "[scoring]\nqueue_turns = 1\nqueue_tokens = 20_000\nthreads = 3";
    let environment =
        [("UNDERTONE_SCORING__QUEUE_TURNS", "2"), ("UNDERTONE_SCORING__THREADS", "4"), ("HOME", "/")];
    let scoring = from(file, &environment, &["scoring.threads=5"]).unwrap().scoring;
    assert_eq!((scoring.queue_tokens, scoring.queue_turns, scoring.threads), (20_000, 2, 5));
}

#[test]
fn lists_in_the_environment_are_separated_by_commas() {
    let environment = [("UNDERTONE_SERVER__ALLOWED_ORIGINS", "https://A.example, https://b.example")];
    let origins = from("", &environment, &[]).unwrap().server.allowed_origins;
    assert_eq!(origins, ["https://a.example", "https://b.example"]);
}

#[test]
fn variables_that_look_like_keys_must_be_keys() {
    let error = from("", &[("UNDERTONE_SERVER__TOKN", "hush-hush")], &[]).unwrap_err();
    assert_eq!(
        error,
        "environment variable UNDERTONE_SERVER__TOKN: unknown key server.tokn; did you mean server.token?"
    );
    assert!(from("", &[("UNDERTONE_DATA", "/data")], &[]).is_ok());
}

#[test]
fn the_token_is_shown_nowhere() {
    const SECRET: &str = "hush-hush-4711";
    let config = from_text(&format!("[server]\ntoken = \"{SECRET}\"\nlisten = \"0.0.0.0:1\"")).unwrap();
    assert!(config.server.token.as_ref().unwrap().accepts(SECRET));
    assert!(!config.server.token.as_ref().unwrap().accepts("hush-hush-4712"));
    let shown = format!("{config:?} {}", config.to_toml());
    assert!(!shown.contains(SECRET), "{shown}");
    for text in [
        format!("[server]\ntoken = \"{SECRET} with spaces\""),
        format!("[server]\ntoken = [\"{SECRET}\"]"),
        format!("[server]\ntoken = \"{SECRET}"),
        format!("[server]\ntoken = {SECRET}"),
    ] {
        let error = from_text(&text).unwrap_err();
        assert!(!error.contains(SECRET), "{error}");
    }
    let error = from("", &[], &[&format!("server.token:{SECRET}")]).unwrap_err();
    assert!(!error.contains(SECRET), "{error}");
}

#[test]
fn what_check_prints_is_a_configuration_with_the_same_effect() {
    for text in [
        "",
        "[detectors]\nsms_later_reply_seconds = 0\nbusiness_hours = [\"sat 10:00-12:00\", \"mon-fri 09:00-17:00\"]",
        "[model]\npath = \"a/b\"\n[server]\nallowed_origins = [\"https://a.example\"]\n[log]\nformat = \"json\"",
    ] {
        let config = from_text(text).unwrap();
        assert_eq!(from_text(&config.to_toml()).unwrap(), config);
    }
}

#[test]
fn a_missing_file_is_named() {
    let sources = Sources { file: Some("/no/such/undertone.toml".into()), ..Sources::default() };
    let error = Config::load(&sources).unwrap_err().to_string();
    assert!(error.starts_with("/no/such/undertone.toml: cannot be read"), "{error}");
}

#[test]
fn the_limits_of_the_detectors_are_those_of_the_file() {
    let defaults = defaults();
    assert_eq!(defaults.detectors, crate::detectors::DetectorLimits::default());
    let text =
        "[detectors]\nvoice_first_reply_seconds = 20\nother_later_reply_seconds = 0\ncut_short_seconds = 5";
    let limits = from_text(text).unwrap().pipeline().detectors;
    let voice = limits.reply(crate::wire::Channel::Voice);
    assert_eq!((voice.first, voice.later), (20, 120));
    assert_eq!(limits.reply(crate::wire::Channel::Other).later, 0);
    assert_eq!(limits.cut_short_seconds, 5);
}
