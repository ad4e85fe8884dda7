//! DINO loss, centre and temperature.

use burn::tensor::{Device, Tensor};
use sempairs_objective::{DinoConfig, dino_loss, next_centre};

use super::compare::assert_loss;
use super::oracle::{Rows, descends, dot, fixed, free, hold, host, softmax, tensor, values};
use super::reference::{Reference, assert_close, device};

#[test]
fn reference_three_steps_of_dino() {
    let (device, tolerance) = device();
    let device = device.autodiff();
    let numbers = Reference::read("objectives/dino.safetensors");
    let config = DinoConfig::paper();
    let mut centre = Tensor::<1>::zeros([numbers.floats("step0.center_after").len()], &device);
    for (step, epoch) in [("step0", 0), ("step1", 15), ("step2", 40)] {
        let temperature = config.teacher_temperature.at(epoch);
        let theirs = numbers.floats(&format!("{step}.teacher_temp"))[0];
        assert!((temperature as f32 - theirs).abs() < 1e-7, "{step}: {temperature}, {theirs}");
        let views = |who: &str, count: usize| -> Vec<Tensor<2>> {
            (0..count).map(|i| numbers.tensor(&format!("{step}.{who}{i}"), &device)).collect()
        };
        let teacher: Vec<_> = views("teacher", 2).into_iter().map(Tensor::require_grad).collect();
        let student: Vec<_> = views("student", 4).into_iter().map(Tensor::require_grad).collect();
        let loss =
            dino_loss(&student, &teacher, centre.clone(), config.student_temperature, temperature);
        assert_loss(loss.clone(), numbers.floats(&format!("{step}.loss")), tolerance, step);
        let gradients = loss.backward();
        for (i, view) in student.iter().enumerate() {
            let name = format!("{step}.grad_student{i}");
            let gradient = host(view.grad(&gradients).unwrap());
            assert_close(&gradient, numbers.floats(&name), tolerance, &name);
        }
        assert!(teacher.iter().all(|view| view.grad(&gradients).is_none()), "{step}");
        centre = next_centre(centre, &teacher, config.centre_momentum);
        let name = format!("{step}.center_after");
        assert_close(&host(centre.clone()), numbers.floats(&name), tolerance, &name);
    }
}

#[test]
fn equals_the_formula_for_odd_sizes() {
    let (tau_s, tau_t, b, k) = (0.3, 0.2, 3, 5);
    for views in [2, 5] {
        let mut inputs = vec![free(b, k); views];
        inputs.extend([fixed(b, k), fixed(b, k), fixed(1, k)]);
        let formula = |x: &[Rows]| {
            let (student, teacher, centre) = (&x[..views], &x[views..views + 2], &x[views + 2][0]);
            let mut total = 0.0;
            for (t, g) in teacher.iter().enumerate() {
                for (_, s) in student.iter().enumerate().filter(|(v, _)| *v != t) {
                    for (g, s) in g.iter().zip(s) {
                        let centred: Vec<f64> = g.iter().zip(centre).map(|(g, c)| g - c).collect();
                        let logs: Vec<f64> = softmax(s, tau_s).iter().map(|p| p.ln()).collect();
                        total -= dot(&softmax(&centred, tau_t), &logs);
                    }
                }
            }
            total / (b * 2 * (views - 1)) as f64
        };
        hold(
            &format!("{views} views"),
            &inputs,
            |x| {
                let centre = x[views + 2].clone().reshape([k]);
                dino_loss(&x[..views], &x[views..views + 2], centre, tau_s, tau_t)
            },
            formula,
        );
    }
}

#[test]
fn the_loss_of_constant_logits_is_the_log_of_the_number_of_prototypes() {
    let device = Device::flex();
    let flat = || Tensor::<2>::ones([6, 11], &device) * 0.4;
    let teacher = [1, 2].map(|seed| tensor(&values(66, seed), 6, &device));
    let centre = Tensor::<1>::zeros([11], &device);
    let loss = dino_loss(&[flat(), flat()], &teacher, centre, 0.1, 0.04).into_scalar::<f32>();
    assert!((loss - 11f32.ln()).abs() < 1e-5, "{loss}");
}

#[test]
fn the_centre_is_the_moving_average_of_all_rows() {
    let device = Device::flex();
    let centre = Tensor::<1>::from_floats([1.0, -2.0], &device);
    let teacher =
        [tensor(&[1.0, 2.0, 3.0, 4.0], 2, &device), tensor(&[5.0, 6.0, 7.0, 8.0], 2, &device)];
    let next = host(next_centre(centre, &teacher, 0.9));
    for (next, expected) in next.iter().zip([0.9 + 0.4, -1.8 + 0.5]) {
        assert!((next - expected).abs() < 1e-6, "{next}, {expected}");
    }
}

#[test]
fn gradient_descent_lowers_the_loss() {
    let inputs = [free(6, 8), free(6, 8), free(6, 8), fixed(6, 8), fixed(6, 8)];
    descends(&inputs, 0.3, |x| {
        let centre = Tensor::<1>::zeros([8], &x[0].device());
        dino_loss(&x[..3], &x[3..], centre, 0.3, 0.1)
    });
}
