//! Comparison of several methods, as in Figure 4 of the paper (arXiv 2510.08722).

use std::fmt;

use sempairs_eval::stats::Estimate;

use crate::comparison::Comparison;

/// Published accuracies with semantic and with augmented pairs, in percent, with their source in
/// the paper (arXiv 2510.08722). Figure 4 is a chart without numbers, so these are from the text
/// and the tables.
const PAPER: [(&str, f64, f64, &str); 2] = [
    ("simclr", 85.59, 81.76, "STL-10, linear probe: Table 1"),
    ("dino_vit", 82.1, 79.2, "STL-10, fine-tuned ViT-S/8: Table 4"),
];

/// A table of comparisons of augmented (`ap`) and semantic pairs (`sp`), one row per method.
#[derive(Clone, Debug, Default)]
pub struct MethodTable {
    rows: Vec<Row>,
    title: String,
}

#[derive(Clone, Debug)]
struct Row {
    method: String,
    untrained: Option<f64>,
    arms: [Option<Estimate>; 2],
    difference: Option<Estimate>,
    collapsed: bool,
}

impl MethodTable {
    /// Adds a row for a method, with the scores under the first protocol of its comparison on the
    /// first data set.
    pub fn push(&mut self, method: &str, comparison: &Comparison) {
        let protocol = comparison.protocols().into_iter().next().unwrap_or_default();
        self.title = format!("{} top-1, {}", comparison.dataset(), comparison.protocol_name(0));
        let arm = |name: &str| {
            let arm = comparison.arms.iter().find(|arm| arm.arm.name == name)?;
            arm.final_mean(comparison.score_name(0))
        };
        let of_both = comparison.compare_with("ap").into_iter();
        let mut of_both = of_both.filter(|d| d.arm == "sp" && d.protocol == protocol);
        let untrained = comparison.untrained(0).map(|found| found.mean);
        self.rows.push(Row {
            method: method.into(),
            untrained,
            arms: [arm("ap"), arm("sp")],
            difference: of_both.next().map(|d| d.top1),
            collapsed: !comparison.warnings().is_empty(),
        });
    }
}

impl fmt::Display for MethodTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |value: Option<f64>| match value {
            Some(value) => format!("{:.2} %", 100.0 * value),
            None => "-".into(),
        };
        writeln!(f, "{}: mean over the seeds, difference with its 95 % interval", self.title)?;
        let heads = ["method", "untrained", "ap", "sp", "sp - ap", "the paper's sp - ap"];
        let [method, untrained, ap, sp, difference, paper] = heads;
        writeln!(f, "  {method:<13} {untrained:>9} {ap:>9} {sp:>9}   {difference:<24} {paper}")?;
        for row in &self.rows {
            let [ap, sp] = row.arms.each_ref().map(|arm| percent(arm.as_ref().map(|a| a.mean)));
            let apart = row.difference.as_ref().map_or("-".into(), |d| match (d.low, d.high) {
                (Some(low), Some(high)) => {
                    format!("{:+.2} [{:.2}, {:.2}]", 100.0 * d.mean, 100.0 * low, 100.0 * high)
                }
                _ => format!("{:+.2} (one seed)", 100.0 * d.mean),
            });
            let paper = PAPER.iter().find(|(method, ..)| *method == row.method);
            let paper = paper.map_or("-".into(), |(_, sp, ap, what)| {
                format!("{:+.2} ({sp} - {ap}; {what})", sp - ap)
            });
            let (method, untrained) = (&row.method, percent(row.untrained));
            let note = if row.collapsed { "  collapsed or learned nothing" } else { "" };
            writeln!(
                f,
                "  {method:<13} {untrained:>9} {ap:>9} {sp:>9}   {apart:<24} {paper}{note}"
            )?;
        }
        write!(f, "  A dash: the paper gives no number (its Figure 4 is a chart).")
    }
}
