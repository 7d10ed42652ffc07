//! What `evaluate --risk` found, as JSON and as tables for people. Made by `evaluate` and `derailment`.

use serde::Serialize;

use super::derailment::Derailment;
use super::measures::{CALM_SHARES, Ranking};
use crate::training::split::Split;
use crate::wire::Level;

/// The figures of a split.
#[derive(Clone, Debug, Serialize)]
pub struct RiskReport {
    pub model: String,
    pub split: Split,
    /// All sets together first, as `all`.
    pub sets: Vec<SetFigures>,
    /// On conversations that are no customer care at all; none where their file is not in the data folder.
    pub derailment: Option<Derailment>,
}

/// One set.
#[derive(Clone, Debug, Serialize)]
pub struct SetFigures {
    pub set: String,
    pub conversations: usize,
    pub calm: usize,
    pub tense: usize,
    pub escalated: usize,
    /// Of the highest risk reached.
    pub highest: Ranking,
    /// Of the highest up to the annotated turn; of calm ones up to a customer turn drawn by the id, a mean over draws.
    pub auc_to_alert: Option<f64>,
    pub reached: [Reached; 3],
    pub lead: Lead,
    pub early: Early,
    pub taken_back: [TakenBack; 3],
    pub helped: Helped,
    pub calibration: Vec<Bin>,
    /// Mean squared error of the highest risk.
    pub brier: Option<f64>,
}

/// Shares of conversations that ever reach a level.
#[derive(Clone, Debug, Serialize)]
pub struct Reached {
    pub level: Level,
    pub least: f64,
    pub calm: Option<f64>,
    pub tense: Option<f64>,
    pub escalated: Option<f64>,
}

/// When tense and escalated conversations first reach a level, in turns of the customer from the annotated one.
#[derive(Clone, Debug, Serialize)]
pub struct Lead {
    pub level: Level,
    pub conversations: usize,
    pub before: usize,
    pub at: usize,
    pub one_later: usize,
    pub later: usize,
    pub never: usize,
}

/// Customer turns before the annotated one against those of calm conversations.
#[derive(Clone, Debug, Serialize)]
pub struct Early {
    pub turns_before: usize,
    pub turns_calm: usize,
    pub auc: Option<f64>,
}

/// Of the conversations that reach a level, those that are well under it again within two turns of the customer and do not
/// come back.
#[derive(Clone, Debug, Serialize)]
pub struct TakenBack {
    pub level: Level,
    pub reached: usize,
    pub taken_back: usize,
}

/// The risk at the customer's turn at which an annotated trouble is over.
#[derive(Clone, Debug, Serialize)]
pub struct Helped {
    pub conversations: usize,
    pub fell: usize,
    /// Highest before.
    pub mean_before: Option<f64>,
    pub mean_after: Option<f64>,
}

/// Conversations whose highest risk lies between two figures.
#[derive(Clone, Debug, Serialize)]
pub struct Bin {
    pub from: f64,
    pub to: f64,
    pub conversations: usize,
    pub mean_risk: Option<f64>,
    /// Share of tense and escalated ones among them.
    pub share_bad: Option<f64>,
}

impl RiskReport {
    /// Every table.
    pub fn to_text(&self) -> String {
        let mut tables = vec![self.ranking_text(), self.reached_text(), self.course_text()];
        tables.extend(self.sets.first().map(calibration_text));
        tables.extend(self.derailment.as_ref().map(Derailment::to_text));
        tables.join("\n")
    }

    fn ranking_text(&self) -> String {
        let split = format!("{:?}", self.split).to_lowercase();
        let shares = CALM_SHARES.map(|share| format!("{:.0} %", share * 100.0)).join(" | ");
        let mut text = format!(
            "{} on the {split} split. Area under the curve of the risk, tense or escalated over calm; recall where so many of the calm are alerted\n\n\
             | set | calm | tense | escalated | highest | up to the annotated turn | escalated over calm | {shares} |\n|{}\n",
            self.model,
            "---|".repeat(7 + CALM_SHARES.len())
        );
        for one in &self.sets {
            text += &format!(
                "| {} | {} | {} | {} | {} | {} | {} | {} |\n",
                one.set,
                one.calm,
                one.tense,
                one.escalated,
                figure(one.highest.auc),
                figure(one.auc_to_alert),
                figure(one.highest.auc_escalated),
                one.highest.recall.map(figure).join(" | ")
            );
        }
        text
    }

    fn reached_text(&self) -> String {
        let mut text = String::from(
            "Share that ever reaches a level\n\n| set | level | calm | tense | escalated |\n|---|---|---|---|---|\n",
        );
        for (one, of) in self.sets.iter().flat_map(|one| one.reached.iter().map(move |of| (one, of))) {
            let shares = [of.calm, of.tense, of.escalated].map(figure).join(" | ");
            text += &format!("| {} | {} ({:.2}) | {shares} |\n", one.set, of.level, of.least);
        }
        text
    }

    fn course_text(&self) -> String {
        let mut text = String::from(
            "Customer turns from the annotated one to the first at `high`; taken back within two customer turns; after help\n\n\
             | set | annotated | before | at it | one later | later | never | taken back at high | at critical | turns before against calm turns (AUC) | helped | fell | mean risk before | then |\n\
             |---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
        );
        for SetFigures { set, lead, early, taken_back: [_, high, critical], helped, .. } in &self.sets {
            text += &format!(
                "| {set} | {} | {} | {} | {} | {} | {} | {} of {} | {} of {} | {} | {} | {} | {} | {} |\n",
                lead.conversations,
                lead.before,
                lead.at,
                lead.one_later,
                lead.later,
                lead.never,
                high.taken_back,
                high.reached,
                critical.taken_back,
                critical.reached,
                figure(early.auc),
                helped.conversations,
                helped.fell,
                figure(helped.mean_before),
                figure(helped.mean_after)
            );
        }
        text
    }
}

fn calibration_text(all: &SetFigures) -> String {
    let mut text = format!(
        "What the highest risk means, all sets; Brier score {}\n\n| risk | conversations | mean risk | tense or escalated |\n|---|---|---|---|\n",
        figure(all.brier)
    );
    for bin in &all.calibration {
        let (mean, share) = (figure(bin.mean_risk), figure(bin.share_bad));
        text += &format!("| {:.2} to {:.2} | {} | {mean} | {share} |\n", bin.from, bin.to, bin.conversations);
    }
    text
}

/// Three decimals, or a dash.
pub fn figure(figure: Option<f64>) -> String {
    figure.map_or_else(|| "–".to_owned(), |figure| format!("{figure:.3}"))
}
