//! Several methods side by side: the study's Figure 4 as a table.

use std::fmt;

use sempairs_eval::stats::{Estimate, mean};

use crate::comparison::Comparison;

/// What the study prints of a method on semantic and on augmented pairs, in percent. Its Figure 4
/// is a chart without numbers; these are the ones its text and tables give (arXiv 2510.08722).
const PAPER: [(&str, f64, f64, &str); 2] = [
    ("simclr", 85.59, 81.76, "STL-10, linear probe: Table 1"),
    ("dino_vit", 82.1, 79.2, "STL-10, fine-tuned ViT-S/8: Table 4"),
];

/// Comparisons of augmented (`ap`) with semantic pairs (`sp`), one a method.
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
    /// Adds the comparison of a method, by its first protocol.
    pub fn push(&mut self, method: &str, comparison: &Comparison) {
        let protocol = comparison.protocols().into_iter().next().unwrap_or_default();
        self.title = format!("{} top-1, {protocol}", comparison.dataset());
        let arm = |name: &str| {
            let arm = comparison.arms.iter().find(|arm| arm.arm.name == name)?;
            Some(mean(&arm.final_top1(0)))
        };
        let of_both = comparison.compare_with("ap").into_iter();
        let mut of_both = of_both.filter(|d| d.arm == "sp" && d.protocol == protocol);
        let start = comparison.arms.first().map(|arm| arm.curve(0)).unwrap_or_default();
        let untrained = start.first().filter(|(step, _)| *step == 0).map(|(_, d)| d.mean);
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
        let heads = ["method", "untrained", "ap", "sp", "sp - ap", "the study's sp - ap"];
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
        write!(f, "  A dash where the study prints no number: its Figure 4 is a chart.")
    }
}
