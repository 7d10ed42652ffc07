//! `undertone train`: fine-tunes the model on labelled JSON Lines. See docs/training.md.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::time::Instant;

use crate::scoring::WEIGHTS_FILE;
use crate::training::{self, CHECKPOINT_STEPS, Dataset, Progress, Recipe, Split, TrainOptions};

/// Seconds between two lines of progress where there is no terminal.
const PROGRESS_SECONDS: u64 = 15;

/// Fine-tune the model on labelled turns.
#[derive(Debug, clap::Args)]
pub struct TrainArgs {
    /// The folder with the recipe's files; or, without --recipe, a file (or folder of files) of your own labelled
    /// turns: JSON Lines with "text" and "label" (negative, neutral, positive) or "classes" (docs/training.md).
    #[arg(long)]
    data: PathBuf,
    /// What to train on and how; without it --data is taken as your own labels.
    #[arg(long)]
    recipe: Option<PathBuf>,
    /// Where to start from: a base encoder or a model folder. Default: the shipped model for your own labels, the
    /// base encoder (fetched by `scripts/setup --encoder`) for a recipe.
    #[arg(long)]
    base: Option<PathBuf>,
    /// The model folder to write. With --risk also a .json file for the weights of the risk alone.
    #[arg(long)]
    out: PathBuf,
    /// Fit how the risk of conversations is weighed, and nothing else, on annotated conversations: those of the recipe,
    /// or without --recipe your own, one a line, with "turns", "outcome" and "alert_turn" (docs/training.md). It
    /// starts from the model folder in --out if there is one, else from the shipped one.
    #[arg(long, conflicts_with_all = ["heads_only", "train_encoder", "name", "resume", "checkpoints", "epochs", "average_with"])]
    risk: bool,
    /// With --risk: also fit without each group of features in turn, and print what each adds.
    #[arg(long, requires = "risk")]
    leave_one_out: bool,
    /// With --recipe: fit the heads alone, on stored vectors, the encoder as it is in --base.
    #[arg(long, requires = "recipe", requires = "base", conflicts_with = "train_encoder")]
    heads_only: bool,
    /// Train the encoder too on your own labels. Every head then changes; without it only the heads that your labels
    /// speak of do.
    #[arg(long)]
    train_encoder: bool,
    /// The name of the model; default: the recipe's, or that of the output folder.
    #[arg(long)]
    name: Option<String>,
    /// Go on from the last checkpoint.
    #[arg(long)]
    resume: bool,
    /// Where checkpoints are kept meanwhile. Default: `checkpoints` in the output folder.
    #[arg(long)]
    checkpoints: Option<PathBuf>,
    /// Threads for libtorch. Default: one a core.
    #[arg(long)]
    threads: Option<u16>,
    /// Overrides the recipe's number of epochs. 0: nothing is trained; the base is averaged and calibrated only.
    #[arg(long)]
    epochs: Option<usize>,
    /// After training, average the weights with those of this model folder, trained from the same base encoder.
    #[arg(long)]
    average_with: Option<PathBuf>,
    /// The share of --average-with in the average, 0 to 1.
    #[arg(long, default_value_t = 0.5)]
    average_share: f64,
}

/// Runs the command.
///
/// # Errors
/// Anything that stops training, with what to do about it.
pub fn run(args: &TrainArgs) -> anyhow::Result<ExitCode> {
    let threads = args
        .threads
        .map_or_else(|| std::thread::available_parallelism().map_or(1, |n| n.get() as i32), i32::from);
    if args.risk {
        let files = super::risk::Files { data: &args.data, recipe: args.recipe.as_deref() };
        let threads = usize::try_from(threads).unwrap_or(1);
        return super::risk::fit(files, args.base.as_deref(), &args.out, args.leave_one_out, threads);
    }
    tch::set_num_threads(threads);
    let (mut recipe, data, recipe_folder) = recipe_and_data(args)?;
    if let Some(epochs) = args.epochs {
        recipe.training.epochs = epochs;
    }
    let base = match &args.base {
        Some(base) => base.clone(),
        None => default_base(args.recipe.is_some())?,
    };
    let dataset = training::load(&recipe, &data, &recipe_folder)?;
    describe(&recipe, &dataset, &base);
    if args.heads_only || (args.recipe.is_none() && !args.train_encoder) {
        return tune(args, &recipe, &dataset, &base);
    }
    let checkpoints = args.checkpoints.clone().unwrap_or_else(|| args.out.join("checkpoints"));
    let options = TrainOptions {
        base,
        out: args.out.clone(),
        checkpoints: checkpoints.clone(),
        resume: args.resume,
        average_with: args
            .average_with
            .as_ref()
            .map(|folder| (folder.join(WEIGHTS_FILE), args.average_share)),
        checkpoint_steps: CHECKPOINT_STEPS,
    };
    let mut shown = Shown::new();
    let trained = training::train(&recipe, &dataset, &options, |progress| {
        shown.show(progress);
        ControlFlow::Continue(())
    })?;
    shown.finish();
    // Only if it is empty: checkpoints of another run are not ours to remove.
    let _ = std::fs::remove_dir(&checkpoints);
    let dev = &trained.dev;
    println!(
        "wrote {}: {} steps; development split: {} rows, accuracy {:.3}, macro-F1 {:.3}, calibration error {:.3} at temperature {:.3}",
        args.out.display(),
        trained.steps,
        dev.rows,
        dev.accuracy,
        dev.macro_f1,
        dev.calibration_error.unwrap_or(f64::NAN),
        trained.heads.sentiment.temperature
    );
    println!(
        "measure it with: undertone evaluate --model {} --data {}{}",
        args.out.display(),
        args.data.display(),
        args.recipe.as_ref().map(|r| format!(" --recipe {}", r.display())).unwrap_or_default()
    );
    Ok(ExitCode::SUCCESS)
}

/// Fits the heads that a team's own labels speak of, and says what it gained.
fn tune(args: &TrainArgs, recipe: &Recipe, dataset: &Dataset, base: &Path) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    let mut last = began;
    let tuned = training::tune_heads(recipe, dataset, base, &args.out, |done, total| {
        if last.elapsed() >= Duration::from_secs(PROGRESS_SECONDS) {
            last = Instant::now();
            eprintln!("{done} of {total} rows encoded");
        }
    })?;
    println!(
        "wrote {}: {} training rows, {} for calibration, {} held out; the encoder and every head not named here are as in {}",
        args.out.display(),
        tuned.train_rows,
        tuned.dev_rows,
        tuned.test_rows,
        base.display()
    );
    println!("\nOn the held-out rows (for sentiment: macro-F1 and accuracy)\n");
    println!(
        "| head | rows | positives | F1 before | F1 after | average precision before | after |\n|---|---|---|---|---|---|---|"
    );
    for gain in &tuned.gains {
        println!(
            "| {} | {} | {} | {:.3} | {:.3} | {:.3} | {:.3} |",
            gain.name,
            gain.rows,
            gain.positives,
            gain.f1.before,
            gain.f1.after,
            gain.average_precision.before,
            gain.average_precision.after
        );
    }
    if tuned.gains.is_empty() {
        println!("nothing was learned: no class has enough rows");
    }
    if !tuned.too_few.is_empty() {
        println!(
            "\nleft as they were, with fewer than {} training rows of yes or of no: {}",
            training::OWN_ROWS_OF_A_KIND_MIN,
            tuned.too_few.join(", ")
        );
    }
    let worse = tuned.gains.iter().filter(|gain| gain.f1.after < gain.f1.before);
    let worse: Vec<_> = worse.map(|gain| gain.name).collect();
    if !worse.is_empty() {
        println!(
            "\nworse than before on your held-out rows: {}; more rows may help, or keep the old model",
            worse.join(", ")
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn recipe_and_data(args: &TrainArgs) -> anyhow::Result<(Recipe, PathBuf, PathBuf)> {
    let (mut recipe, data, folder) = super::recipe_for(args.recipe.as_deref(), &args.data)?;
    if let Some(name) = args.name.clone().or_else(|| {
        let folder = args.out.file_name()?;
        args.recipe.is_none().then(|| folder.to_string_lossy().into_owned())
    }) {
        recipe.name = name;
    }
    Ok((recipe, data, folder))
}

fn default_base(from_encoder: bool) -> anyhow::Result<PathBuf> {
    if from_encoder {
        let cache = std::env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))
            .context("neither XDG_CACHE_HOME nor HOME is set; name the base encoder with --base")?;
        let base = cache.join("undertone/all-MiniLM-L6-v2");
        if !base.is_dir() {
            bail!(
                "the base encoder is not in {}; run scripts/setup --encoder, or name a folder with --base",
                base.display()
            );
        }
        return Ok(base);
    }
    let base = Path::new("models/undertone-en");
    if !base.is_dir() {
        bail!("models/undertone-en is not here; name the model folder to start from with --base");
    }
    Ok(base.to_owned())
}

fn describe(recipe: &Recipe, dataset: &Dataset, base: &Path) {
    eprintln!("recipe {}@{}, starting from {}", recipe.name, recipe.version, base.display());
    for (index, set) in dataset.sets.iter().enumerate() {
        let count = |split| dataset.rows.iter().filter(|row| row.set == index && row.split == split).count();
        eprintln!(
            "  {set}: {} train, {} development, {} test",
            count(Split::Train),
            count(Split::Dev),
            count(Split::Test)
        );
    }
    if dataset.duplicates > 0 {
        eprintln!("  {} rows left out: their text occurs before", dataset.duplicates);
    }
    for set in &dataset.missing {
        eprintln!("  warning: the file of set {set} is not in the data folder; going on without it");
    }
}

/// Progress on standard error: every few seconds a line with loss, rows a second and time left.
struct Shown {
    began: Instant,
    last: Instant,
    rows: usize,
    first_step: Option<usize>,
    latest: Option<Progress>,
}

impl Shown {
    fn new() -> Self {
        let now = Instant::now();
        Shown { began: now, last: now, rows: 0, first_step: None, latest: None }
    }

    fn show(&mut self, progress: Progress) {
        self.rows += progress.rows;
        self.first_step.get_or_insert(progress.step - 1);
        self.latest = Some(progress);
        if self.last.elapsed() >= Duration::from_secs(PROGRESS_SECONDS) {
            self.last = Instant::now();
            self.line(progress);
        }
    }

    fn finish(&self) {
        if let Some(progress) = self.latest {
            self.line(progress);
        }
    }

    fn line(&self, progress: Progress) {
        let seconds = self.began.elapsed().as_secs_f64();
        let steps_done = progress.step - self.first_step.unwrap_or(0);
        let left = seconds / steps_done.max(1) as f64 * (progress.steps - progress.step) as f64;
        eprintln!(
            "epoch {}/{} step {}/{} loss {:.4} {:.0} rows/s, {} min {:02} s left",
            progress.epoch,
            progress.epochs,
            progress.step,
            progress.steps,
            progress.loss,
            self.rows as f64 / seconds.max(1e-9),
            left as u64 / 60,
            left as u64 % 60
        );
    }
}
