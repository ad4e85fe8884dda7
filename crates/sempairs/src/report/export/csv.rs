use crate::comparison::grid::{GridComparison, GridTable};

/// Returns one line per accuracy of the tables, in percent: point, arm, data set, protocol, mean
/// with its 95 % t interval, number of seeds, published value, hours that a run trains, published
/// hours, and one column per seed. A value that does not exist is empty.
pub fn scores_csv(grid: &GridComparison, tables: &[GridTable]) -> String {
    let seeds = grid.seeds();
    let fixed = [
        "arm",
        "dataset",
        "protocol",
        "mean",
        "low",
        "high",
        "n",
        "published",
        "hours",
        "published_hours",
    ];
    let mut csv = head(axes(grid), &fixed, &seeds);
    let times = grid.times();
    for table in tables {
        for cell in &table.scores {
            let mut fields = grid.record.points[cell.point].labels.clone();
            fields.extend([cell.arm.clone(), cell.dataset.clone(), table.protocol.clone()]);
            let found = cell.accuracy.as_ref();
            fields.extend([
                percent(found.map(|found| found.mean)),
                percent(found.and_then(|found| found.low)),
                percent(found.and_then(|found| found.high)),
                cell.values.len().to_string(),
                percent(cell.published),
            ]);
            let time = times.iter().find(|it| it.point == cell.point && it.arm == cell.arm);
            let ours = time.and_then(|it| Some(it.seconds.as_ref()?.mean));
            let published = time.and_then(|it| it.published.as_ref()?.seconds());
            fields.extend([ours, published].map(|seconds| plain(seconds.map(|it| it / 3600.0))));
            fields.extend(each(&seeds, &cell.values));
            line(&mut csv, &fields);
        }
    }
    csv
}

/// Returns one line per difference of the tables, in percentage points: point and arm, those that
/// are subtracted (`against`, and the point as columns `against_AXIS`), data set, protocol, mean
/// with its 95 % t interval, number of seeds, p-value before and after Holm's correction, bootstrap
/// interval over the test pictures, published value, and one column per seed.
pub fn differences_csv(grid: &GridComparison, tables: &[GridTable]) -> String {
    let seeds = grid.seeds();
    let fixed = [
        "dataset",
        "protocol",
        "mean",
        "low",
        "high",
        "n",
        "p",
        "p_holm",
        "pictures_low",
        "pictures_high",
        "published",
    ];
    let mut places = axes(grid);
    places.extend(["arm", "against"].map(String::from));
    places.extend(axes(grid).into_iter().map(|axis| format!("against_{axis}")));
    let mut csv = head(places, &fixed, &seeds);
    for table in tables {
        for cell in &table.differences {
            let labels = |point: usize| grid.record.points[point].labels.iter().cloned();
            let mut fields: Vec<String> = labels(cell.point).collect();
            fields.extend([&cell.arm, &cell.against].map(String::clone));
            fields.extend(labels(cell.against_point));
            fields.extend([&cell.dataset, &table.protocol].map(String::clone));
            let found = cell.difference.as_ref();
            fields.extend([
                percent(found.map(|found| found.mean)),
                percent(found.and_then(|found| found.low)),
                percent(found.and_then(|found| found.high)),
                cell.values.len().to_string(),
                plain(found.and_then(|found| found.p_value)),
                plain(cell.holm),
                percent(cell.pictures.as_ref().map(|interval| interval.low)),
                percent(cell.pictures.as_ref().map(|interval| interval.high)),
                percent(cell.published),
            ]);
            fields.extend(each(&seeds, &cell.values));
            line(&mut csv, &fields);
        }
    }
    csv
}

fn axes(grid: &GridComparison) -> Vec<String> {
    grid.record.axes.iter().map(|axis| axis.name.clone()).collect()
}

/// The line of headings: those of the place, fixed ones and one per seed.
fn head(place: Vec<String>, fixed: &[&str], seeds: &[u64]) -> String {
    let mut fields = place;
    fields.extend(fixed.iter().map(|field| (*field).to_owned()));
    fields.extend(seeds.iter().map(|seed| format!("seed_{seed}")));
    let mut csv = String::new();
    line(&mut csv, &fields);
    csv
}

fn each(seeds: &[u64], values: &[(u64, f64)]) -> Vec<String> {
    let value = |seed: &u64| values.iter().find(|(of, _)| of == seed).map(|(_, value)| *value);
    seeds.iter().map(|seed| percent(value(seed))).collect()
}

/// A share in percent, without the digits that only rounding has left.
fn percent(share: Option<f64>) -> String {
    let Some(share) = share.filter(|share| share.is_finite()) else { return String::new() };
    let digits = format!("{:.6}", 100.0 * share);
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    if digits == "-0" { "0".into() } else { digits.into() }
}

/// A number with all its digits.
fn plain(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map_or(String::new(), |value| value.to_string())
}

/// Adds a line; fields with commas, quotes or line breaks are quoted (RFC 4180).
fn line(csv: &mut String, fields: &[String]) {
    let quoted = |field: &String| match field.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.clone(),
    };
    *csv += &fields.iter().map(quoted).collect::<Vec<_>>().join(",");
    csv.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_fields_are_quoted_where_needed() {
        let shares = [0.5480000000000001, 0.5, 0.0, -1e-12, 1.0 / 3.0];
        assert_eq!(shares.map(|share| percent(Some(share))), ["54.8", "50", "0", "0", "33.333333"]);
        assert_eq!([percent(None), percent(Some(f64::NAN)), plain(None)], [""; 3]);
        let mut csv = String::new();
        line(&mut csv, &["a,b".into(), "say \"x\"".into(), "c".into()]);
        assert_eq!(csv, "\"a,b\",\"say \"\"x\"\"\",c\n");
    }
}
