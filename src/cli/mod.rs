//! The command line: one file per command, which only turns arguments into calls. The one room with `anyhow`.

pub mod backtest;
pub mod check;
pub mod evaluate;
mod lanes;
pub mod replay;
pub mod report;
mod risk;
pub mod run;
pub mod score;
pub mod serve;
pub mod settings;
pub mod train;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::detectors::RiskModel;
use crate::scoring::{MANIFEST_FILE, RISK_FILE};
use crate::training::Recipe;

/// The recipe to use, the folder its files are in, and the folder its own paths are relative to. Without a recipe,
/// `data` is a file or folder of the user's own labelled turns.
fn recipe_for(recipe: Option<&Path>, data: &Path) -> anyhow::Result<(Recipe, PathBuf, PathBuf)> {
    if let Some(path) = recipe {
        if !data.is_dir() {
            bail!(
                "--data {} is not a folder; with a recipe it is the folder of the recipe's files",
                data.display()
            );
        }
        let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
        return Ok((Recipe::load(path)?, data.to_owned(), folder));
    }
    let files = if data.is_dir() {
        let mut files: Vec<PathBuf> = std::fs::read_dir(data)
            .with_context(|| format!("cannot read {}", data.display()))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| [".jsonl", ".jsonl.gz"].iter().any(|end| path.to_string_lossy().ends_with(end)))
            .collect();
        files.sort();
        files
    } else {
        vec![data.to_owned()]
    };
    let files: Vec<PathBuf> = files
        .iter()
        .map(|file| std::path::absolute(file).with_context(|| format!("cannot find {}", file.display())))
        .collect::<Result<_, _>>()?;
    if let Some(missing) = files.iter().find(|file| !file.exists()) {
        bail!("{} does not exist", missing.display());
    }
    if files.is_empty() {
        bail!("{} holds no .jsonl or .jsonl.gz file", data.display());
    }
    Ok((Recipe::for_own_labels("own", &files), PathBuf::from("/"), PathBuf::from(".")))
}

/// How a model folder weighs the risk; the folder has been checked before.
fn risk_model(folder: &Path) -> anyhow::Result<RiskModel> {
    let path = folder.join(RISK_FILE);
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    RiskModel::parse(&text)
        .map_err(|problem| run::Unavailable(format!("{}: {problem}", path.display())).into())
}

/// The folder of the model that is looked for where none is given.
const MODEL_FOLDER: &str = "models/undertone-en";

/// The model folder: as given, else beside the binary, else in the checkout.
fn model_folder(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    let beside = std::env::current_exe().ok().and_then(|binary| binary.parent().map(Path::to_owned));
    // In a checkout the binary is in target/release.
    let checkout = beside.as_ref().and_then(|folder| folder.ancestors().nth(2).map(Path::to_owned));
    let bases: Vec<PathBuf> = [beside, checkout, Some(PathBuf::from("."))].into_iter().flatten().collect();
    let candidates: Vec<PathBuf> = bases.iter().map(|base| base.join(MODEL_FOLDER)).collect();
    candidates.iter().find(|folder| folder.join(MANIFEST_FILE).exists()).cloned().ok_or_else(|| {
        let places: Vec<_> = candidates.iter().map(|folder| folder.display().to_string()).collect();
        run::Unavailable(format!("no model in {}; set model.path", places.join(", "))).into()
    })
}
