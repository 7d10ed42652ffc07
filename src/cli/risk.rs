//! `train --risk` and `evaluate --risk`: how the risk of conversations is weighed, and how well it does. See
//! docs/training.md.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use tokio::time::Instant;

use crate::detectors::RiskModel;
use crate::detectors::risk::names;
use crate::scoring::{BatchScorer, MANIFEST_FILE, Model};
use crate::training::risk::{
    self, Annotated, AnnotatedSets, DERAILMENT_FILE, Fitted, Followed, LeftOut, RiskReport, Source,
};
use crate::training::{self, Split};

/// Seconds between two lines of progress.
const PROGRESS_SECONDS: u64 = 15;

/// What the command line names.
#[derive(Clone, Copy)]
pub struct Files<'a> {
    pub data: &'a Path,
    pub recipe: Option<&'a Path>,
}

/// Fits the weights and writes them.
///
/// # Errors
/// Anything that stops the fit, with what to do about it.
pub fn fit(
    files: Files<'_>,
    base: Option<&Path>,
    out: &Path,
    leave_one_out: bool,
    threads: usize,
) -> anyhow::Result<ExitCode> {
    let base = base_folder(base, out)?;
    training::check_risk_folder(&base, out)?;
    let before = super::risk_model(&base)?;
    let mut scorer = BatchScorer::new(Model::load(&base)?, threads);
    let AnnotatedSets { mut conversations, .. } = load(files)?;
    conversations.retain(|one| leave_one_out || one.split != Split::Test);
    let followed = follow(&mut scorer, &conversations)?;
    let fitted = risk::fit(&followed, &before, &[])?;
    training::write_risk(&base, out, &fitted.model)?;
    describe(&fitted, &before, out);
    if leave_one_out {
        println!("\n{}", table(&risk::leave_out(&followed, &before)?));
    }
    Ok(ExitCode::SUCCESS)
}

/// Measures a model folder's weights on a split, and on debates where the data folder has them.
///
/// # Errors
/// An unusable model, recipe or data file, by name.
pub fn measure(files: Files<'_>, model: Option<&Path>, split: Split) -> anyhow::Result<RiskReport> {
    let folder = super::model_folder(model)?;
    let weights = super::risk_model(&folder)?;
    let model = Model::load(&folder)?;
    let label = model.label();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut scorer = BatchScorer::new(model, threads);
    let AnnotatedSets { mut conversations, sets, .. } = load(files)?;
    conversations.retain(|one| one.split == split);
    let followed = follow(&mut scorer, &conversations)?;
    let all: Vec<&Followed> = followed.iter().collect();
    let debates = files.recipe.map(|_| files.data.join(DERAILMENT_FILE));
    let debates = match debates.filter(|path| path.exists()) {
        Some(path) => Some(follow(&mut scorer, &risk::load_derailment(&path)?)?),
        None => None,
    };
    let derailment = debates.map(|debates| risk::measure_derailment(&weights, &debates));
    Ok(RiskReport { model: label, split, sets: risk::evaluate(&weights, &sets, &all), derailment })
}

/// Where to start from: as given, else the model that is to be changed, else the shipped one.
fn base_folder(base: Option<&Path>, out: &Path) -> anyhow::Result<PathBuf> {
    match base {
        Some(base) => Ok(base.to_owned()),
        None if out.join(MANIFEST_FILE).exists() => Ok(out.to_owned()),
        None => super::model_folder(None).context("name the model folder to start from with --base"),
    }
}

fn load(files: Files<'_>) -> anyhow::Result<AnnotatedSets> {
    let source = if files.recipe.is_some() { Source::Recipe } else { Source::Lines };
    let (recipe, data, folder) = super::recipe_for(files.recipe, files.data)?;
    let annotated = risk::load(&recipe, &data, &folder, source)?;
    for set in &annotated.missing {
        eprintln!("warning: the file of set {set} is not in the data folder; going on without it");
    }
    Ok(annotated)
}

fn follow(scorer: &mut BatchScorer, conversations: &[Annotated]) -> anyhow::Result<Vec<Followed>> {
    let mut last = Instant::now();
    Ok(risk::follow(scorer, conversations, |done| {
        if last.elapsed() >= Duration::from_secs(PROGRESS_SECONDS) {
            last = Instant::now();
            eprintln!("{done} of {} conversations scored", conversations.len());
        }
    })?)
}

fn describe(fitted: &Fitted, before: &RiskModel, out: &Path) {
    let Fitted { model, train, dev, steps, calibration: (scale, offset), dev_ranking } = fitted;
    println!(
        "wrote {}: fitted on {train} training and {dev} development conversations in {steps} steps, calibrated by {scale:.3} and {offset:.3}",
        out.display()
    );
    let auc = risk::figure(dev_ranking.auc);
    println!(
        "on the development split, by weights fitted without the conversation: area under the curve {auc}\n"
    );
    println!("| weight | before | after |\n|---|---|---|\n| base | {:.3} | {:.3} |", before.base, model.base);
    for (((name, _), before), after) in names().iter().zip(before.weights).zip(model.weights) {
        println!("| {name} | {before:.3} | {after:.3} |");
    }
}

fn table(left_out: &[LeftOut]) -> String {
    let mut text = String::from(
        "| without | AUC dev, cross-fitted | AUC test | up to the annotated turn | recall at 5 % of calm | escalated over calm |\n|---|---|---|---|---|---|",
    );
    for LeftOut { group, dev, test, test_auc_to_alert } in left_out {
        let figures = [dev.auc, test.auc, *test_auc_to_alert, test.recall[1], test.auc_escalated];
        text += &format!("\n| {group} | {} |", figures.map(risk::figure).join(" | "));
    }
    text
}
