//! Rules as people write them, and what they are told when they write them wrong.

use super::*;

fn rule(condition: &str) -> String {
    format!(
        "version = \"t@1\"\n[[rule]]\nname = \"R\"\nkind = \"service\"\nseverity = \"info\"\nsummary = \"s\"\nwhen = '''\n{condition}'''\n"
    )
}

#[test]
fn a_condition_that_makes_no_sense_is_refused_with_its_place_and_a_suggestion() {
    let check = |condition: &str, line: usize, expect: &str| match RuleSet::parse(&rule(condition), "r.toml")
    {
        Ok(_) => panic!("taken: {condition}"),
        Err(RulesError::Invalid { line: told, message, .. }) => {
            assert!(message.contains(expect), "{condition}: {message}");
            assert_eq!(told, line, "{condition}: {message}");
        }
        Err(other) => panic!("{other}"),
    };
    check("risk > ", 8, "column 8 of the condition");
    check("rissk > 0.5", 8, "did you mean risk?");
    check("risk > 0.5 &&\n found(\"left_wating\") > 0", 9, "did you mean left_waiting?");
    check("count(\"left_waiting\") > \"a\"", 8, "only numbers are more or less");
    check("level == \"hihg\"", 8, "did you mean high?");
    check("level in [\"high\", \"criticl\"]", 8, "did you mean critical?");
    check("channel == \"fax\"", 8, "there are chat, email");
    check("level > \"watch\"", 8, "level_at_least");
    check("risk", 8, "a condition is true or false");
    check("count(\"frustration\", 33) > 1", 8, "from 1 to 32");
    check("count(frustration) > 1", 8, "takes a name in quotes");
    check("count() > 1", 8, "count is written");
    check("cuont(\"frustration\") > 1", 8, "did you mean count?");
    check("[1, 2].exists(x, x > 1)", 8, "no loops");
    check("risk * 2 > 1.0", 8, "both have a fraction");
    check("queue == 3", 8, "different kinds");
    check("queue.matches(\"a*\")", 8, "startsWith, endsWith and contains");
    check("risk.x > 1", 8, "only attributes have fields");
    check(&vec!["risk > 0.5"; 101].join(" || "), 8, "at most 200 parts");
    check(&format!("queue == \"{}\"", "x".repeat(2_000)), 8, "at most 2000 characters");
}

#[test]
fn a_file_that_makes_no_sense_is_refused_with_its_line() {
    let check = |from: &str, to: &str, line: usize, expect: &str| {
        let good = rule("risk > 0.5");
        assert!(good.contains(from), "{from}");
        let error = RuleSet::parse(&good.replace(from, to), "r.toml").expect_err(to);
        let shown = error.to_string();
        assert!(shown.starts_with(&format!("r.toml:{line}: ")) && shown.contains(expect), "{shown}");
    };
    check("kind = \"service\"", "kind = \"servise\"", 4, "customer_risk, service");
    check("severity = \"info\"", "severity = \"page\"", 5, "info, warning, critical");
    check("name = \"R\"", "name = \"r-1\"", 3, "begins with a capital");
    check("summary = \"s\"", "sumary = \"s\"", 6, "unknown field");
    check("summary = \"s\"", "summary = \"\"", 6, "1 to 200 characters");
    check("summary = \"s\"", "summary = \"s\"\nresolve_turns = 101", 7, "from 0 to 100");
    check("summary = \"s\"", "summary = \"s\"\nquotes = [\"aplogy\"]", 7, "did you mean apology?");
    check("version = \"t@1\"", "version = 1", 1, "expected a string");
    let twice = rule("risk > 0.5").replace("version = \"t@1\"\n", "");
    let error = RuleSet::parse(&(rule("closed") + &twice), "r.toml").expect_err("twice");
    assert!(error.to_string().contains("there is a rule R already"), "{error}");
}

#[test]
fn versions_tell_files_apart() {
    let version = |condition: &str| RuleSet::parse(&rule(condition), "r").expect("good").version().to_owned();
    assert!(version("risk > 0.5").starts_with("t@1-"));
    assert_eq!(version("risk > 0.5"), version("risk > 0.5"));
    assert_ne!(version("risk > 0.5"), version("risk > 0.6"));
}

#[test]
fn the_shipped_rules_are_good() {
    assert!(!RuleSet::default().rules().is_empty());
}
