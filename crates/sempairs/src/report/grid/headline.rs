//! The result of a grid in sentences.

use crate::comparison::grid::{DifferenceCell, GridTable};
use crate::report::number;

/// Significance level after Holm's correction.
const LEVEL: f64 = 0.05;

/// Returns one sentence for the differences of the same name in a table, as plain text.
pub fn sentences(table: &GridTable) -> Vec<String> {
    let mut names: Vec<&[String; 2]> = Vec::new();
    for cell in &table.differences {
        if !names.contains(&&cell.names) {
            names.push(&cell.names);
        }
    }
    let said: Vec<String> = names.into_iter().filter_map(|names| sentence(table, names)).collect();
    if !said.is_empty() {
        return said;
    }
    let means = || table.scores.iter().filter_map(|cell| cell.accuracy).map(|found| found.mean);
    let [low, high] = [means().fold(f64::INFINITY, f64::min), means().fold(0.0, f64::max)];
    let said: String = match means().count() {
        0 => "Nothing has been scored yet.".into(),
        _ if table.arms.len() > 1 => "No two arms of an experiment have scores yet.".into(),
        1 => format!("The accuracy is {}.", number::percent(low)),
        _ => format!("Accuracies are from {} to {}.", number::percent(low), number::percent(high)),
    };
    vec![said]
}

fn sentence(table: &GridTable, names: &[String; 2]) -> Option<String> {
    let cells: Vec<&DifferenceCell> = table
        .differences
        .iter()
        .filter(|cell| cell.names == *names && cell.difference.is_some())
        .collect();
    let means = || cells.iter().filter_map(|cell| cell.difference).map(|found| found.mean);
    let ([arm, against], name, all) = (names, cells.first()?.name(), cells.len());
    let ahead = means().filter(|mean| *mean > 0.0).count();
    let [low, high] =
        [means().fold(f64::INFINITY, f64::min), means().fold(-f64::INFINITY, f64::max)]
            .map(number::points);
    let sure = |sign: f64| {
        let found = cells.iter().filter(|cell| cell.holm.is_some_and(|p| p < LEVEL));
        let found = found.filter_map(|cell| cell.difference);
        found.filter(|found| sign * found.mean > 0.0).count()
    };
    let (better, worse) = (sure(1.0), sure(-1.0));
    let tested = cells.iter().any(|cell| cell.holm.is_some());
    let mut said = if all == 1 {
        format!("{name} is {low} points")
    } else {
        format!(
            "{arm} is ahead of {against} in {ahead} of {all} comparisons; {name} is from {low} to \
             {high} points"
        )
    };
    said += &match (tested, better, worse) {
        (false, _, _) => "; one seed gives no intervals".to_owned(),
        (true, 0, 0) => "; none is significant after Holm's correction (p < 0.05)".to_owned(),
        (true, better, 0) => format!("; {better} significant after Holm's correction (p < 0.05)"),
        (true, better, worse) => format!(
            "; after Holm's correction (p < 0.05) {arm} is significantly ahead in {better} and \
             behind in {worse}"
        ),
    };
    Some(said + ".")
}

#[cfg(test)]
mod tests {
    use sempairs_eval::stats::{holm, mean};

    use super::*;

    fn table(samples: &[&[f64]]) -> GridTable {
        let cell = |(point, samples): (usize, &&[f64])| DifferenceCell {
            point,
            dataset: "far".into(),
            arm: "sp".into(),
            against_point: point,
            against: "ap".into(),
            names: ["sp", "ap"].map(String::from),
            values: (0..).zip(samples.iter().copied()).collect(),
            difference: Some(mean(samples)),
            holm: None,
            pictures: None,
            published: None,
        };
        let mut differences: Vec<DifferenceCell> = samples.iter().enumerate().map(cell).collect();
        let p: Vec<Option<f64>> =
            differences.iter().map(|cell| cell.difference.unwrap().p_value).collect();
        differences.iter_mut().zip(holm(&p)).for_each(|(cell, holm)| cell.holm = holm);
        GridTable {
            protocol: "knn".into(),
            datasets: vec!["far".into()],
            arms: vec!["ap".into(), "sp".into()],
            scores: Vec::new(),
            differences,
            pairs: vec![["sp", "ap"].map(String::from)],
        }
    }

    #[test]
    fn the_sentence_counts_what_is_significant() {
        let sure = [0.04, 0.0401, 0.0399];
        let said = sentences(&table(&[&sure, &[0.01, -0.02, 0.03]]));
        assert_eq!(
            said,
            ["sp is ahead of ap in 2 of 2 comparisons; sp \u{2212} ap is from +0.67 to +4.00 \
              points; 1 significant after Holm's correction (p < 0.05)."]
        );
        let worse = sure.map(|x| -x);
        let said = sentences(&table(&[&sure, &worse]));
        assert!(said[0].ends_with("sp is significantly ahead in 1 and behind in 1."), "{said:?}");
        let said = sentences(&table(&[&[0.01]]));
        assert_eq!(said, ["sp \u{2212} ap is +1.00 points; one seed gives no intervals."]);
        assert_eq!(sentences(&table(&[])), ["Nothing has been scored yet."]);
    }
}
