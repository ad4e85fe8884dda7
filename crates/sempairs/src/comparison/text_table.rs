//! The printed table of a comparison, which is also the file `table.txt`.

use std::fmt;

use sempairs_eval::stats::{Estimate, mean};

use super::Comparison;

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |d: &Estimate| match (d.low, d.high) {
            (Some(low), Some(high)) => {
                format!("{:6.2} %  [{:.2}, {:.2}]", 100.0 * d.mean, 100.0 * low, 100.0 * high)
            }
            _ => format!("{:6.2} %  [one seed: no interval]", 100.0 * d.mean),
        };
        let protocols = self.protocols();
        for (i, protocol) in protocols.iter().enumerate() {
            writeln!(
                f,
                "{} top-1, {protocol}: mean [95 % interval], then each seed",
                self.dataset()
            )?;
            for arm in &self.arms {
                let values = arm.final_top1(i);
                let seeds: Vec<String> =
                    values.iter().map(|v| format!("{:.2}", 100.0 * v)).collect();
                writeln!(
                    f,
                    "  {:<10} {}   {}",
                    arm.arm.name,
                    percent(&mean(&values)),
                    seeds.join(" ")
                )?;
            }
            if let Some(untrained) = self.untrained(i) {
                writeln!(f, "  {:<10} {}", "untrained", percent(&untrained))?;
            }
            for d in self.differences.iter().filter(|d| d.protocol == *protocol) {
                let name = format!("{} - {}", d.arm, d.against);
                let p = d.top1.p_value.map_or(String::new(), |p| format!("   p = {p:.3}"));
                writeln!(f, "  {name:<10} {}{p}", percent(&d.top1))?;
            }
        }
        for score in &self.baselines {
            writeln!(
                f,
                "  {:<24} {:6.2} %  ({})",
                score.views,
                100.0 * score.top1,
                score.protocol
            )?;
        }
        for warning in self.warnings() {
            writeln!(f, "  {warning}")?;
        }
        match self.chance() {
            Some(chance) => write!(f, "  {:<24} {:6.2} %", "chance level", 100.0 * chance),
            None => Ok(()),
        }
    }
}
