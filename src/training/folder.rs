//! Writing a model folder. The manifest is written last, so that a folder with one is whole.
//! Called by `trainer` and `own`, and for the risk by the command line.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::network::Network;
use super::recipe::Recipe;
use super::trainer::TrainError;
use crate::detectors::RiskModel;
use crate::scoring::{
    CHECKED_FILES, CONFIG_FILE, Heads, MANIFEST_FILE, Manifest, ModelError, RISK_FILE, VOCAB_FILE,
    WEIGHTS_FILE, file_sha256, read_json,
};

/// Writes the folder; configuration and vocabulary are those of `base`.
///
/// # Errors
/// [`TrainError`] when a file cannot be written.
pub fn write_folder(
    network: &Network,
    recipe: &Recipe,
    base: &Path,
    out: &Path,
    heads: &Heads,
) -> Result<(), TrainError> {
    let file = |problem| TrainError::File { path: out.display().to_string(), problem };
    fs::create_dir_all(out).map_err(file)?;
    // safetensors files are told by their ending.
    let partial = out.join("partial.safetensors");
    network.save(&partial, true)?;
    for name in [CONFIG_FILE, VOCAB_FILE] {
        let (from, to) = (base.join(name), out.join(name));
        if from != to {
            fs::copy(from, to).map_err(file)?;
        }
    }
    // How risk is weighed stays what it was until it is fitted anew.
    let risk = fs::read_to_string(base.join(RISK_FILE)).unwrap_or_else(|_| RiskModel::default().to_json());
    fs::write(out.join(RISK_FILE), risk).map_err(file)?;
    fs::rename(&partial, out.join(WEIGHTS_FILE)).map_err(file)?;
    let sha256: BTreeMap<String, String> = CHECKED_FILES
        .iter()
        .map(|name| Ok(((*name).to_owned(), file_sha256(&out.join(name))?)))
        .collect::<Result<_, ModelError>>()?;
    let manifest = Manifest {
        name: recipe.name.clone(),
        version: recipe.version.clone(),
        precision: "f16".into(),
        window_tokens: recipe.training.window_tokens,
        context_tokens: recipe.training.context_tokens,
        heads: heads.clone(),
        sha256,
    };
    write_manifest(&manifest, out)
}

/// Whether the risk that was fitted by the scores of `base` can be written to `out`: not into another model's folder.
///
/// # Errors
/// [`TrainError`] saying so.
pub fn check_risk_folder(base: &Path, out: &Path) -> Result<(), TrainError> {
    if is_risk_file(out) || !out.join(MANIFEST_FILE).exists() {
        return Ok(());
    }
    let weights = |folder: &Path| -> Result<Option<String>, TrainError> {
        let manifest: Manifest = read_json(&folder.join(MANIFEST_FILE))?;
        Ok(manifest.sha256.get(WEIGHTS_FILE).cloned())
    };
    if weights(base)? == weights(out)? {
        return Ok(());
    }
    Err(TrainError::OtherModel { base: base.display().to_string(), out: out.display().to_string() })
}

/// Writes the weights of the risk: a file alone where `out` is called so, else a model folder that is otherwise `base`.
///
/// # Errors
/// [`TrainError`] when a file cannot be read or written.
pub fn write_risk(base: &Path, out: &Path, risk: &RiskModel) -> Result<(), TrainError> {
    let file = |problem| TrainError::File { path: out.display().to_string(), problem };
    if is_risk_file(out) {
        return fs::write(out, risk.to_json()).map_err(file);
    }
    fs::create_dir_all(out).map_err(file)?;
    let mut manifest: Manifest = read_json(&base.join(MANIFEST_FILE))?;
    let same = base.canonicalize().map_err(file)? == out.canonicalize().map_err(file)?;
    for name in CHECKED_FILES.iter().filter(|name| **name != RISK_FILE && !same) {
        fs::copy(base.join(name), out.join(name)).map_err(file)?;
    }
    fs::write(out.join(RISK_FILE), risk.to_json()).map_err(file)?;
    manifest.sha256.insert(RISK_FILE.to_owned(), file_sha256(&out.join(RISK_FILE))?);
    write_manifest(&manifest, out)
}

fn is_risk_file(out: &Path) -> bool {
    out.extension().is_some_and(|extension| extension == "json")
}

fn write_manifest(manifest: &Manifest, out: &Path) -> Result<(), TrainError> {
    let text = serde_json::to_string_pretty(manifest).expect("a manifest is plain data: this is a bug");
    let file = |problem| TrainError::File { path: out.display().to_string(), problem };
    fs::write(out.join(MANIFEST_FILE), text + "\n").map_err(file)
}
