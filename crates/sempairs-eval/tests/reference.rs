//! Comparison with reference implementations.

use sempairs_eval::{Features, Knn};
use sempairs_testing::Reference;

/// The votes of each class by definition, to identify ties.
fn votes(bank: &Features, query: &[f32], k: usize, temperature: f64) -> Vec<f64> {
    let rows = bank.values.chunks_exact(bank.dim).zip(&bank.labels);
    let cosine = |row: &[f32]| -> f64 {
        row.iter().zip(query).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
    };
    let mut near: Vec<(f64, usize)> = rows.map(|(row, &label)| (cosine(row), label)).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut votes = vec![0.0; bank.classes.len()];
    near.iter().take(k).for_each(|(s, label)| votes[*label] += (s / temperature).exp());
    votes
}

#[test]
fn knn_rankings_match_the_reference() {
    let file = Reference::read("eval/knn.safetensors");
    let dim = file.shape("bank")[1];
    let queries = file.floats("query");
    let mut compared = 0;
    for name in file.names().filter(|name| name.starts_with("ranking_k")) {
        // The settings are in the name: `ranking_k20_t0.07`.
        let (k, temperature) = name["ranking_k".len()..].split_once("_t").unwrap();
        let (k, temperature) = (k.parse().unwrap(), temperature.parse().unwrap());
        let count = file.shape(name)[1];
        let bank = Features {
            values: file.floats("bank").to_vec(),
            dim,
            labels: file.integers("bank_labels"),
            classes: (0..count).map(|class| class.to_string()).collect(),
        };
        let expected = file.integers(name);
        let ranked = Knn { k, temperature }.predict(&bank, queries).unwrap();
        assert_eq!(ranked.len(), expected.len() / count);
        for (i, query) in queries.chunks_exact(dim).enumerate() {
            let votes = votes(&bank, query, k, temperature);
            let row = &expected[i * count..][..count];
            for (rank, (&found, &expected)) in ranked.query(i).iter().zip(row).enumerate() {
                // The order of classes with equal votes, or without votes, may differ.
                let (a, b) = (votes[found as usize], votes[expected]);
                let equal = (a - b).abs() <= 1e-5 * a.abs().max(b.abs());
                assert!(equal, "{name}, query {i}, rank {rank}: {found} not {expected}");
                compared += 1;
            }
        }
    }
    assert!(compared > 0, "no rankings");
}
