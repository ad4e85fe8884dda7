//! SwAV loss and Sinkhorn-Knopp assignments.

use burn::tensor::{Device, Tensor};
use sempairs_objective::{sinkhorn, swav_loss};

use super::compare::compare;
use super::oracle::{Rows, descends, dot, free, hold, host, rows, softmax, tensor, values};
use super::reference::{Reference, assert_close, device};

fn loss(scores: &[Tensor<2>], t: f64, epsilon: f64) -> Tensor<1> {
    let assignments = [0, 1].map(|view: usize| sinkhorn(scores[view].clone(), epsilon, 3));
    swav_loss(scores, &assignments, t)
}

#[test]
fn reference_loss_and_gradients_of_swav() {
    compare("swav_t0.1_e0.05", &["s0", "s1", "s2", "s3"], &[], |s| loss(s, 0.1, 0.05));
}

#[test]
fn reference_assignments_of_sinkhorn() {
    let (device, tolerance) = device();
    let numbers = Reference::read("objectives/swav_t0.1_e0.05.safetensors");
    for (scores, assignment) in [("s0", "assignment0"), ("s1", "assignment1")] {
        let ours = host(sinkhorn(numbers.tensor(scores, &device), 0.05, 3));
        assert_close(&ours, numbers.floats(assignment), tolerance, assignment);
    }
}

/// The algorithm as printed in the paper, including constant factors.
fn oracle(scores: &Rows, epsilon: f64, iterations: usize) -> Rows {
    let (b, k) = (scores.len(), scores[0].len());
    let mut q: Rows =
        scores.iter().map(|row| row.iter().map(|x| (x / epsilon).exp()).collect()).collect();
    for _ in 0..iterations {
        for j in 0..k {
            let total: f64 = q.iter().map(|row| row[j]).sum();
            q.iter_mut().for_each(|row| row[j] /= total * k as f64);
        }
        for row in &mut q {
            let total: f64 = row.iter().sum();
            row.iter_mut().for_each(|x| *x /= total * b as f64);
        }
    }
    q.iter_mut().flatten().for_each(|x| *x *= b as f64);
    q
}

#[test]
fn assignments_equal_the_algorithm_for_odd_sizes() {
    for (b, k) in [(1, 3), (5, 7), (13, 4)] {
        for (epsilon, iterations) in [(0.05, 3), (0.5, 1), (0.03, 10)] {
            let scores = values(b * k, b);
            let ours = host(sinkhorn(tensor(&scores, b, &Device::flex()), epsilon, iterations));
            let wide: Vec<f64> = scores.iter().map(|x| f64::from(*x)).collect();
            let expected = oracle(&rows(&wide, k), epsilon, iterations);
            for (a, b) in ours.iter().zip(expected.iter().flatten()) {
                assert!((f64::from(*a) - b).abs() < 1e-5, "{a}, {b}");
            }
        }
    }
}

#[test]
fn many_iterations_give_every_prototype_an_equal_share() {
    let q = host(sinkhorn(tensor(&values(60, 1), 12, &Device::flex()), 0.3, 100));
    for row in q.chunks(5) {
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }
    for column in 0..5 {
        let share: f32 = q.iter().skip(column).step_by(5).sum();
        assert!((share - 12.0 / 5.0).abs() < 1e-3, "{share}");
    }
}

#[test]
fn small_epsilons_stay_finite() {
    let q = host(sinkhorn(tensor(&values(60, 1), 12, &Device::flex()), 0.025, 3));
    assert!(q.iter().all(|x| x.is_finite()));
}

#[test]
fn equals_the_formula_for_odd_sizes() {
    let (t, b, k) = (0.3, 5, 7);
    for views in [2, 4] {
        let scores = vec![free(b, k); views];
        // The assignments get no gradient, so they are computed once.
        let fixed: Vec<Vec<f64>> = (0..2)
            .map(|view| values(b * k, view + 20).iter().map(|x| f64::from(*x)).collect())
            .collect();
        let assignments: Vec<Rows> = fixed.iter().map(|x| oracle(&rows(x, k), 0.5, 3)).collect();
        hold(
            &format!("{views} views"),
            &scores,
            |scores| {
                let device = scores[0].device();
                let q: Vec<Tensor<2>> = assignments
                    .iter()
                    .map(|q| {
                        let q: Vec<f32> = q.iter().flatten().map(|x| *x as f32).collect();
                        tensor(&q, b, &device)
                    })
                    .collect();
                swav_loss(scores, &q, t)
            },
            |scores| {
                let mut total = 0.0;
                for (s, q) in assignments.iter().enumerate() {
                    for (v, x) in scores.iter().enumerate().filter(|(v, _)| *v != s) {
                        let _ = v;
                        for (q, x) in q.iter().zip(x) {
                            let logs: Vec<f64> = softmax(x, t).iter().map(|p| p.ln()).collect();
                            total -= dot(q, &logs) / (b * 2 * (views - 1)) as f64;
                        }
                    }
                }
                total
            },
        );
    }
}

#[test]
fn the_loss_of_constant_scores_is_the_log_of_the_number_of_prototypes() {
    let device = Device::flex();
    let flat = || Tensor::<2>::ones([6, 11], &device) * 0.4;
    let loss = loss(&[flat(), flat(), flat()], 0.1, 0.05).into_scalar::<f32>();
    assert!((loss - 11f32.ln()).abs() < 1e-5, "{loss}");
}

#[test]
fn gradient_descent_lowers_the_loss() {
    let assignments: Vec<Vec<f32>> = (0..2)
        .map(|view| host(sinkhorn(tensor(&values(48, view), 6, &Device::flex()), 0.05, 3)))
        .collect();
    descends(&[free(6, 8), free(6, 8), free(6, 8)], 0.3, |scores| {
        let device = scores[0].device();
        let q: Vec<Tensor<2>> = assignments.iter().map(|q| tensor(q, 6, &device)).collect();
        swav_loss(scores, &q, 0.3)
    });
}
