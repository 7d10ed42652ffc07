//! Whether a parsed condition makes sense: known names, matching kinds, a bounded cost.
//!
//! Holds always: what passes is evaluated in time linear in its size, at most [`CONDITION_NODES_MAX`] nodes, since there
//! are no loops in it; each function call has been replaced by a [`Query`] with its arguments known. Called by
//! [`super::condition`].

use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr, LiteralValue, SourceInfo, operators as op};

use super::error::{Fault, suggestion};
use super::vocabulary::{Argument, FUNCTIONS, Function, Kind, Signature, VARIABLES, Variable, Words};
use crate::scoring::Name;
use crate::wire::Level;

/// Nodes of one condition's syntax tree.
pub const CONDITION_NODES_MAX: usize = 200;
/// What a query is called in the rewritten expression; nobody can write this.
pub const QUERY_PREFIX: char = '@';

/// A function call with its arguments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Query {
    /// How often the name was shown or found, in the last so many turns or in all.
    Count(Name, Option<u32>),
    CountWithin(Name, u32),
    Mistakes(u32),
    Found(&'static str),
    SecondsSince(Name),
    TurnsSince(Name),
    MissingSince(Name, Name),
    LevelAtLeast(Level),
}

/// A condition that makes sense.
#[derive(Debug)]
pub struct Checked {
    pub expr: IdedExpr,
    pub queries: Vec<Query>,
    /// The signals, mistakes and acts that it speaks of, in its order.
    pub names: Vec<&'static str>,
    /// Whether it may become true or false by time alone.
    pub uses_time: bool,
}

struct Check<'a> {
    source: &'a SourceInfo,
    nodes: usize,
    queries: Vec<Query>,
    names: Vec<&'static str>,
    uses_time: bool,
}

/// Checks a parsed condition.
///
/// # Errors
/// The first thing that is wrong, and where.
pub fn check(expr: &IdedExpr, source: &SourceInfo) -> Result<Checked, Fault> {
    let mut check = Check { source, nodes: 0, queries: Vec::new(), names: Vec::new(), uses_time: false };
    let (kind, rewritten) = check.expr(expr)?;
    if kind != Kind::Bool {
        return Err(check.fault(expr, format!("a condition is true or false; this is {}", kind.as_str())));
    }
    let Check { queries, names, uses_time, .. } = check;
    Ok(Checked { expr: rewritten, queries, names, uses_time })
}

impl Check<'_> {
    fn fault(&self, expr: &IdedExpr, message: impl Into<String>) -> Fault {
        let at = self.source.offset_for(expr.id).map_or(0, |(start, _)| start as usize);
        Fault::new(at, message)
    }

    fn expr(&mut self, expr: &IdedExpr) -> Result<(Kind, IdedExpr), Fault> {
        self.nodes += 1;
        if self.nodes > CONDITION_NODES_MAX {
            return Err(self.fault(expr, format!("a condition has at most {CONDITION_NODES_MAX} parts")));
        }
        let same = |kind| Ok((kind, expr.clone()));
        match &expr.expr {
            Expr::Literal(LiteralValue::Boolean(_)) => same(Kind::Bool),
            Expr::Literal(LiteralValue::Int(_)) => same(Kind::Int),
            Expr::Literal(LiteralValue::Double(_)) => same(Kind::Double),
            Expr::Literal(LiteralValue::String(_)) => same(Kind::Text),
            Expr::Ident(name) => Ok((self.variable(expr, name)?, expr.clone())),
            Expr::Select(select) => {
                let of_attributes = matches!(&select.operand.expr, Expr::Ident(name) if name == "attributes");
                if !of_attributes {
                    return Err(self.fault(expr, "only attributes have fields: attributes.tier"));
                }
                same(if select.test { Kind::Bool } else { Kind::Text })
            }
            Expr::List(list) => self.list(expr, &list.elements),
            Expr::Call(call) => self.call(expr, call),
            Expr::Comprehension(_) => {
                Err(self.fault(expr, "all, exists, map and filter are not there: a condition has no loops"))
            }
            _ => {
                Err(self
                    .fault(expr, "only numbers, texts, true, false and lists of them can be written here"))
            }
        }
    }

    fn variable(&mut self, expr: &IdedExpr, name: &str) -> Result<Kind, Fault> {
        let Some((_, variable, kind)) = VARIABLES.iter().find(|(known, ..)| *known == name) else {
            let known =
                VARIABLES.iter().map(|(known, ..)| *known).chain(FUNCTIONS.iter().map(|known| known.name));
            return Err(self.fault(expr, format!("there is no {name:?}{}", suggestion(name, known))));
        };
        // The risk has the wait in it.
        self.uses_time |= matches!(variable, Variable::WaitingSeconds | Variable::AgeSeconds);
        Ok(*kind)
    }

    fn list(&mut self, expr: &IdedExpr, elements: &[IdedExpr]) -> Result<(Kind, IdedExpr), Fault> {
        let mut kinds = Vec::new();
        for element in elements {
            if !matches!(element.expr, Expr::Literal(_)) {
                return Err(self.fault(element, "a list holds numbers or texts as they are written"));
            }
            kinds.push(self.expr(element)?.0);
        }
        let kind = match kinds.first() {
            Some(Kind::Int | Kind::Double) if kinds.iter().all(|kind| kind.is_number()) => Kind::Ints,
            Some(Kind::Text) if kinds.iter().all(|kind| kind.is_text()) => Kind::TextList,
            _ => return Err(self.fault(expr, "a list holds numbers only, or texts only, at least one")),
        };
        Ok((kind, expr.clone()))
    }

    fn call(&mut self, expr: &IdedExpr, call: &CallExpr) -> Result<(Kind, IdedExpr), Fault> {
        if let Some(query) = self.query(expr, call)? {
            return Ok(query);
        }
        let target = call.target.as_deref().map(|target| self.expr(target)).transpose()?;
        let mut kinds = Vec::new();
        let mut args = Vec::new();
        for arg in &call.args {
            let (kind, arg) = self.expr(arg)?;
            kinds.push(kind);
            args.push(arg);
        }
        let kind = match &target {
            Some((of, _)) => self.method(expr, call, *of, &kinds)?,
            None => self.operator(expr, call, &kinds)?,
        };
        let target = target.map(|(_, target)| Box::new(target));
        let rewritten = CallExpr { func_name: call.func_name.clone(), target, args };
        Ok((kind, IdedExpr { id: expr.id, expr: Expr::Call(rewritten) }))
    }

    fn method(&self, expr: &IdedExpr, call: &CallExpr, of: Kind, kinds: &[Kind]) -> Result<Kind, Fault> {
        match (call.func_name.as_str(), of, kinds) {
            ("startsWith" | "endsWith" | "contains", of, [arg]) if of.is_text() && arg.is_text() => {
                Ok(Kind::Bool)
            }
            ("startsWith" | "endsWith" | "contains", ..) => {
                Err(self.fault(expr, format!("{} is asked of a text, with a text", call.func_name)))
            }
            (unknown, ..) => Err(self.fault(
                expr,
                format!("there is no {unknown:?}; a text has startsWith, endsWith and contains"),
            )),
        }
    }

    fn operator(&self, expr: &IdedExpr, call: &CallExpr, kinds: &[Kind]) -> Result<Kind, Fault> {
        let wrong = |what: &str| Err(self.fault(expr, what));
        match (call.func_name.as_str(), kinds) {
            (op::LOGICAL_AND | op::LOGICAL_OR, [Kind::Bool, Kind::Bool])
            | (op::LOGICAL_NOT, [Kind::Bool]) => Ok(Kind::Bool),
            (op::LOGICAL_AND | op::LOGICAL_OR | op::LOGICAL_NOT, _) => {
                wrong("&&, || and ! take what is true or false")
            }
            (op::EQUALS | op::NOT_EQUALS, [a, b]) if comparable(*a, *b) => {
                self.known_word(call, kinds)?;
                Ok(Kind::Bool)
            }
            (op::EQUALS | op::NOT_EQUALS, _) => {
                wrong("these two can never be equal: they are of different kinds")
            }
            (op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS, [a, b])
                if a.is_number() && b.is_number() =>
            {
                Ok(Kind::Bool)
            }
            (op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS, _) => {
                wrong("only numbers are more or less; for levels there is level_at_least(\"high\")")
            }
            (op::IN, [a, list]) => match (a, list) {
                (a, Kind::Ints) if a.is_number() => Ok(Kind::Bool),
                (a, Kind::TextList) if a.is_text() => {
                    self.known_word(call, kinds)?;
                    Ok(Kind::Bool)
                }
                (a, Kind::Texts) if a.is_text() => Ok(Kind::Bool),
                _ => wrong(
                    "\"in\" looks for a number among numbers, a text among texts, or a key in attributes",
                ),
            },
            (op::ADD | op::SUBSTRACT | op::MULTIPLY | op::DIVIDE, [a @ (Kind::Int | Kind::Double), b])
                if a == b =>
            {
                Ok(*a)
            }
            (op::ADD | op::SUBSTRACT | op::MULTIPLY | op::DIVIDE, _) => wrong(
                "both numbers must be whole, or both have a fraction: 2.0, not 2; double(…) makes one of the other",
            ),
            (op::NEGATE, [a @ (Kind::Int | Kind::Double)]) => Ok(*a),
            (op::CONDITIONAL, [Kind::Bool, a, b]) if a == b => Ok(*a),
            (op::CONDITIONAL, _) => wrong("… ? … : … takes a condition and two of one kind"),
            (op::INDEX, [Kind::Texts, key]) if key.is_text() => Ok(Kind::Text),
            ("double", [kind]) if kind.is_number() || kind.is_text() => Ok(Kind::Double),
            ("int", [kind]) if kind.is_number() || kind.is_text() => Ok(Kind::Int),
            (unknown, _) => {
                let known = FUNCTIONS.iter().map(|known| known.name);
                wrong(&format!("there is no {unknown:?} for this{}", suggestion(unknown, known)))
            }
        }
    }

    /// A text that is compared with one of a closed set must be in the set.
    fn known_word(&self, call: &CallExpr, kinds: &[Kind]) -> Result<(), Fault> {
        let words =
            kinds.iter().find_map(|kind| if let Kind::Word(words) = kind { Some(*words) } else { None });
        let Some(words) = words else { return Ok(()) };
        for arg in &call.args {
            let literals = match &arg.expr {
                Expr::List(list) => &list.elements[..],
                _ => std::slice::from_ref(arg),
            };
            for literal in literals {
                self.word(literal, words)?;
            }
        }
        Ok(())
    }

    fn word<'e>(&self, literal: &'e IdedExpr, words: Words) -> Result<Option<&'e str>, Fault> {
        let Expr::Literal(LiteralValue::String(text)) = &literal.expr else { return Ok(None) };
        let (text, all) = (text.inner(), words.all());
        if all.contains(&text) {
            return Ok(Some(text));
        }
        let known = suggestion(text, all.iter().copied());
        let known = if known.is_empty() { format!("; there are {}", all.join(", ")) } else { known };
        Err(self.fault(literal, format!("there is no {text:?}{known}")))
    }

    /// The call as a query, if it is one of our functions.
    fn query(&mut self, expr: &IdedExpr, call: &CallExpr) -> Result<Option<(Kind, IdedExpr)>, Fault> {
        let known = FUNCTIONS.iter().find(|known| known.name == call.func_name && call.target.is_none());
        let Some(Signature { name, function, must, may, gives, usage }) = known else { return Ok(None) };
        self.nodes += call.args.len();
        if call.args.len() < must.len() || call.args.len() > must.len() + may.len() {
            return Err(self.fault(expr, format!("{name} is written {usage}")));
        }
        let mut words = Vec::new();
        let mut number = None;
        for (arg, argument) in call.args.iter().zip(must.iter().chain(*may)) {
            match argument {
                Argument::Word(set) => {
                    let word = self.word(arg, *set)?;
                    let needed = || self.fault(arg, format!("{name} takes a name in quotes here"));
                    words.push(word.ok_or_else(needed)?);
                }
                Argument::Whole(most) => number = Some(self.whole(arg, *most, name)?),
            }
        }
        let query = query(*function, &words, number).expect("the arguments were checked: this is a bug");
        self.names.extend(words.iter().filter_map(|word| Name::parse(word)).map(Name::as_str));
        self.uses_time |= matches!(function, Function::CountWithin | Function::SecondsSince);
        self.queries.push(query);
        let ident = Expr::Ident(format!("{QUERY_PREFIX}{}", self.queries.len() - 1));
        Ok(Some((*gives, IdedExpr { id: expr.id, expr: ident })))
    }

    fn whole(&self, arg: &IdedExpr, most: u32, name: &str) -> Result<u32, Fault> {
        let told = match &arg.expr {
            Expr::Literal(LiteralValue::Int(number)) => u32::try_from(*number.inner()).ok(),
            _ => None,
        };
        told.filter(|number| (1..=most).contains(number))
            .ok_or_else(|| self.fault(arg, format!("{name} takes a whole number from 1 to {most} here")))
    }
}

fn comparable(a: Kind, b: Kind) -> bool {
    a == b || a.is_number() && b.is_number() || a.is_text() && b.is_text()
}

fn query(function: Function, words: &[&str], number: Option<u32>) -> Option<Query> {
    let name = |at: usize| Name::parse(words.get(at)?);
    Some(match function {
        Function::Count => Query::Count(name(0)?, number),
        Function::CountWithin => Query::CountWithin(name(0)?, number?),
        Function::Mistakes => Query::Mistakes(number?),
        Function::Found => Query::Found(name(0)?.as_str()),
        Function::SecondsSince => Query::SecondsSince(name(0)?),
        Function::TurnsSince => Query::TurnsSince(name(0)?),
        Function::MissingSince => Query::MissingSince(name(0)?, name(1)?),
        Function::LevelAtLeast => Query::LevelAtLeast(Level::parse(words.first()?)?),
    })
}
