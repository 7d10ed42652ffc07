//! What every scrape may rely on.

use super::*;

const LIMITS: MetricLimits = MetricLimits { queues_max: 20, sources_max: 20, alert_series_max: 200 };

/// The value of the one series that begins with `series`.
fn value(metrics: &Metrics, series: &str) -> Option<f64> {
    let text = metrics.render();
    let line =
        text.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')))?;
    line.rsplit(' ').next()?.parse().ok()
}

fn alert(id: &str, severity: Severity, queue: Option<&str>) -> AlertSeries {
    AlertSeries {
        alert_id: id.into(),
        conversation_id: format!("c-{id}"),
        rule: "CustomerAtRisk".into(),
        severity,
        queue: queue.map(str::to_owned),
    }
}

#[test]
fn closed_label_sets_start_at_zero() {
    let metrics = Metrics::new(LIMITS);
    for series in [
        "undertone_turns_received_total{channel=\"voice\",role=\"bot\"}",
        "undertone_turns_refused_total{code=\"conversation_limit\"}",
        "undertone_frames_refused_total{code=\"invalid_json\"}",
        "undertone_connections{endpoint=\"ingest\"}",
        "undertone_connections{endpoint=\"events\"}",
        "undertone_subscribers_cut_total{reason=\"stalled\"}",
        "undertone_events_dropped_total",
        "undertone_customer_turns_total{label=\"negative\",queue=\"none\"}",
        "undertone_signals_total{queue=\"none\",signal=\"churn_threat\"}",
        "undertone_mistakes_total{mistake=\"policy_wall\",queue=\"none\"}",
        "undertone_mistakes_total{mistake=\"left_waiting\",queue=\"none\"}",
        "undertone_promises{state=\"overdue\"}",
        "undertone_abstained_turns_total{reason=\"garbage\"}",
        "undertone_stage_duration_seconds_count{stage=\"encode\"}",
        "undertone_customer_wait_seconds_count{channel=\"chat\",phase=\"first\"}",
    ] {
        assert_eq!(value(&metrics, series), Some(0.0), "{series}");
    }
}

#[test]
fn the_series_of_an_alert_goes_when_the_alert_does_and_its_count_stays_at_zero() {
    let metrics = Metrics::new(LIMITS);
    let info = "undertone_alert_info{alert_id=\"a\",conversation_id=\"c-a\",queue=\"none\",\
                rule=\"CustomerAtRisk\",severity=\"critical\"}";
    let active = "undertone_alerts_active{queue=\"none\",rule=\"CustomerAtRisk\",severity=\"critical\"}";
    metrics.set_state(1, &[], &[], &[alert("a", Severity::Critical, None)]);
    assert_eq!((value(&metrics, info), value(&metrics, active)), (Some(1.0), Some(1.0)));
    metrics.set_state(1, &[], &[], &[]);
    assert_eq!((value(&metrics, info), value(&metrics, active)), (None, Some(0.0)));
}

#[test]
fn alert_info_shows_only_the_most_severe() {
    let metrics = Metrics::new(MetricLimits { alert_series_max: 2, ..LIMITS });
    let alerts = [
        alert("a", Severity::Warning, None),
        alert("b", Severity::Critical, None),
        alert("c", Severity::Info, None),
        alert("d", Severity::Critical, None),
    ];
    metrics.set_state(4, &[], &[], &alerts);
    let text = metrics.render();
    let shown: Vec<_> = text.lines().filter(|line| line.starts_with("undertone_alert_info{")).collect();
    assert_eq!(shown.len(), 2);
    assert!(shown.iter().all(|line| line.contains("severity=\"critical\"")));
    assert_eq!(
        value(&metrics, "undertone_alerts_active{queue=\"none\",rule=\"CustomerAtRisk\",severity=\"info\"}"),
        Some(1.0)
    );
}

#[test]
fn state_gauges_are_replaced_and_folded_queues_add_up() {
    let metrics = Metrics::new(MetricLimits { queues_max: 1, ..LIMITS });
    let levels = [
        (Level::High, Some("billing"), 2),
        (Level::High, Some("sales"), 3),
        (Level::High, Some("returns"), 4),
    ];
    metrics.set_state(9, &levels, &[(Some("sales"), 5.0), (Some("returns"), 7.0)], &[]);
    assert_eq!(value(&metrics, "undertone_conversations{level=\"high\",queue=\"billing\"}"), Some(2.0));
    assert_eq!(value(&metrics, "undertone_conversations{level=\"high\",queue=\"other\"}"), Some(7.0));
    assert_eq!(value(&metrics, "undertone_longest_wait_seconds{queue=\"other\"}"), Some(7.0));
    metrics.set_state(0, &[], &[], &[]);
    assert_eq!(value(&metrics, "undertone_conversations{level=\"high\",queue=\"other\"}"), Some(0.0));
    assert_eq!(value(&metrics, "undertone_longest_wait_seconds{queue=\"other\"}"), Some(0.0));
}

#[test]
fn a_hundred_queues_sources_and_many_alerts_stay_within_the_series_budget() {
    const SERIES_MAX: usize = 3_000;
    let metrics = Metrics::new(LIMITS);
    metrics.declare_rule("CustomerAtRisk");
    metrics.model_info("undertone-en", "1", "fp16");
    let queues: Vec<String> = (0..100).map(|i| format!("queue-{i}")).collect();
    for queue in &queues {
        metrics.customer_turn(Label::Negative, -0.9, Some(queue));
        metrics.agent_turn(Some(queue));
        metrics.signal(Signal::Frustration, Some(queue));
        metrics.mistake(Mistake::PolicyWall, Some(queue));
        metrics.source_last_turn(Some(queue), 1.0);
    }
    let alerts: Vec<_> = (0..1_000)
        .map(|i| alert(&format!("a{i}"), Severity::ALL[i % 3], Some(queues[i % 100].as_str())))
        .collect();
    metrics.set_state(1_000, &[], &[], &alerts);
    let series = metrics.render().lines().filter(|line| !line.starts_with('#')).count();
    assert!(series < SERIES_MAX, "{series} series");
}
