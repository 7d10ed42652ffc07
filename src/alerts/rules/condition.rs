//! One condition: an expression in CEL, the Common Expression Language, compiled once and evaluated often.
//!
//! Holds always: at most [`CONDITION_CHARS_MAX`] code points, checked before it is used; evaluating it has a bounded
//! cost and no effect; one that cannot be evaluated (an attribute that is not there) is false. Called by [`super::Rule`].

use std::sync::{Arc, LazyLock};

use cel::{Context, Env, IdedExpr, Value};

use super::check::{Checked, Query, check};
use super::error::Fault;
use super::facts::{Facts, Scope};

/// The text of one condition.
pub const CONDITION_CHARS_MAX: usize = 2_000;

/// CEL's standard functions; the checker lets few of them through.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A condition that was checked.
#[derive(Debug)]
pub struct Condition {
    expr: IdedExpr,
    queries: Vec<Query>,
    /// The signals, mistakes and acts that it speaks of, in its order.
    pub names: Vec<&'static str>,
    /// Whether it may become true or false by time alone.
    pub uses_time: bool,
}

impl Condition {
    /// Compiles and checks `source`.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(source: &str) -> Result<Self, Fault> {
        if source.chars().count() > CONDITION_CHARS_MAX {
            return Err(Fault::new(0, format!("a condition has at most {CONDITION_CHARS_MAX} characters")));
        }
        let program = ENV.compile(source).map_err(|errors| {
            let Some(first) = errors.errors.first() else { return Fault::new(0, "not an expression of CEL") };
            Fault::new(offset(source, first.pos), plain(&first.msg))
        })?;
        let Checked { expr, queries, names, uses_time } = check(program.expression(), program.source_info())?;
        Ok(Condition { expr, queries, names, uses_time })
    }

    /// Whether it holds.
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        let scope = Scope { facts, queries: &self.queries };
        let mut context = Context::with_env(Arc::clone(&ENV));
        context.set_variable_resolver(&scope);
        matches!(Value::resolve(&self.expr, &context), Ok(Value::Bool(true)))
    }
}

/// The byte at a line and a column, both from 1.
fn offset(source: &str, (line, column): (isize, isize)) -> usize {
    let (line, column) = (usize::try_from(line).unwrap_or(1), usize::try_from(column).unwrap_or(1));
    let before: usize = source.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (before + column.saturating_sub(1)).min(source.len())
}

/// Without the parser's list of everything it would have liked better.
fn plain(message: &str) -> String {
    let message = message.strip_prefix("Syntax error: ").unwrap_or(message);
    let end = message.find(" expecting ").unwrap_or(message.len());
    message[..end].replace("'<EOF>'", "the end")
}
