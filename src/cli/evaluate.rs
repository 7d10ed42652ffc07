//! `undertone evaluate`: a model's figures on labelled JSON Lines, beside VADER on the same rows.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::scoring::Model;
use crate::training::{self, EvaluateOptions, Split};

/// Rows between two lines of progress.
const PROGRESS_ROWS: usize = 5_120;

/// Measure a model on labelled turns.
#[derive(Debug, clap::Args)]
pub struct EvaluateArgs {
    /// As for `undertone train`.
    #[arg(long)]
    data: PathBuf,
    /// As for `undertone train`.
    #[arg(long)]
    recipe: Option<PathBuf>,
    /// The model folder. Default: the one that `undertone serve` would take.
    #[arg(long)]
    model: Option<PathBuf>,
    /// Which split to measure on; thresholds and choices are made on `dev`, figures are quoted from `test`.
    #[arg(long, value_enum, default_value_t = SplitArg::Test)]
    split: SplitArg,
    /// Measure the risk of annotated conversations instead: those of the recipe, or without --recipe your own.
    #[arg(long, conflicts_with_all = ["without_context", "confusion"])]
    risk: bool,
    /// Ask without the turns' contexts, to see what they add.
    #[arg(long)]
    without_context: bool,
    /// Also print the confusion of every set.
    #[arg(long)]
    confusion: bool,
    /// How to print: a table, or JSON.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum SplitArg {
    Train,
    Dev,
    Test,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Runs the command.
///
/// # Errors
/// An unusable model, recipe or data file, by name.
pub fn run(args: &EvaluateArgs) -> anyhow::Result<ExitCode> {
    if args.risk {
        let files = super::risk::Files { data: &args.data, recipe: args.recipe.as_deref() };
        let report = super::risk::measure(files, args.model.as_deref(), args.split.split())?;
        match args.format {
            Format::Text => println!("{}", report.to_text()),
            Format::Json => println!("{}", serde_json::to_string_pretty(&report)?),
        }
        return Ok(ExitCode::SUCCESS);
    }
    tch::set_num_threads(std::thread::available_parallelism().map_or(1, |n| n.get() as i32));
    let (recipe, data, folder) = super::recipe_for(args.recipe.as_deref(), &args.data)?;
    let model = Model::load(&super::model_folder(args.model.as_deref())?)?;
    let dataset = training::load(&recipe, &data, &folder)?;
    for set in &dataset.missing {
        eprintln!("warning: the file of set {set} is not in the data folder; going on without it");
    }
    let split = args.split.split();
    let real: Vec<String> =
        recipe.sets.iter().filter(|set| set.annotations.is_some()).map(|set| set.name.clone()).collect();
    let options = EvaluateOptions { split, without_context: args.without_context, real: &real };
    let mut shown = 0;
    let report = training::evaluate(&model, &dataset, options, |done, total| {
        if done / PROGRESS_ROWS > shown / PROGRESS_ROWS {
            eprintln!("{done} of {total} rows");
        }
        shown = done;
    })?;
    match args.format {
        Format::Text => {
            println!("{}", report.to_text());
            if args.confusion {
                println!("{}", report.confusion_text());
            }
        }
        Format::Json => println!("{}", serde_json::to_string_pretty(&report)?),
    }
    Ok(ExitCode::SUCCESS)
}

impl SplitArg {
    fn split(self) -> Split {
        match self {
            SplitArg::Train => Split::Train,
            SplitArg::Dev => Split::Dev,
            SplitArg::Test => Split::Test,
        }
    }
}
