//! The printed table of a comparison, which is also the file `table.txt`.

use std::fmt;

use sempairs_eval::Score;
use sempairs_eval::stats::Estimate;

use super::Comparison;

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |d: &Estimate| match (d.low, d.high) {
            (Some(low), Some(high)) => {
                format!("{:6.2} %  [{:.2}, {:.2}]", 100.0 * d.mean, 100.0 * low, 100.0 * high)
            }
            _ => format!("{:6.2} %  [one seed: no interval]", 100.0 * d.mean),
        };
        if let Some(unfinished) = self.unfinished() {
            writeln!(f, "{unfinished}")?;
        }
        let protocols = self.protocols();
        for (i, protocol) in protocols.iter().enumerate() {
            writeln!(
                f,
                "{} top-1, {}: mean [95 % interval], then each seed",
                self.dataset_of(i),
                self.protocol_name(i)
            )?;
            let name = self.score_name(i);
            for arm in &self.arms {
                let values = arm.final_top1(name);
                // A dash stands for a run without a result.
                let value = |seed: &u64| match values.iter().find(|(of, _)| of == seed) {
                    Some((_, top1)) => format!("{:.2}", 100.0 * top1),
                    None => "-".into(),
                };
                let seeds: Vec<String> = self.seeds().iter().map(value).collect();
                let found = arm.final_mean(name).as_ref().map_or("     -".into(), percent);
                writeln!(f, "  {:<10} {found}   {}", arm.arm.name, seeds.join(" "))?;
            }
            if let Some(untrained) = self.untrained(i) {
                writeln!(f, "  {:<10} {}", "untrained", percent(&untrained))?;
            }
            for d in self.differences.iter().filter(|d| d.protocol == *protocol) {
                let name = format!("{} - {}", d.arm, d.against);
                let p = match d.top1.p_value {
                    // It would be rounded to 0.000.
                    Some(p) if p < 0.0005 => "   p < 0.001".into(),
                    Some(p) => format!("   p = {p:.3}"),
                    None => String::new(),
                };
                writeln!(f, "  {name:<10} {}{p}", percent(&d.top1))?;
            }
        }
        let several = self.datasets().len() > 1;
        for Score { views, top1, protocol, dataset, .. } in &self.baselines {
            let place = if several { format!("{dataset}, {protocol}") } else { protocol.clone() };
            writeln!(f, "  {views:<24} {:6.2} %  ({place})", 100.0 * top1)?;
        }
        for warning in self.warnings() {
            writeln!(f, "  {warning}")?;
        }
        if !several {
            return match self.chance() {
                Some(chance) => write!(f, "  {:<24} {:6.2} %", "chance level", 100.0 * chance),
                None => Ok(()),
            };
        }
        let chance = |first| Some((self.chance_of(first)?, self.dataset_of(first)));
        let chances = self.first_protocols().into_iter().filter_map(chance);
        let line = |(chance, dataset): (f64, &str)| {
            format!("  {:<24} {:6.2} %  ({dataset})", "chance level", 100.0 * chance)
        };
        f.write_str(&chances.map(line).collect::<Vec<String>>().join("\n"))
    }
}
