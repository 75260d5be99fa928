//! Running, evaluating and gradients.

mod common;

use std::time::Duration;

use cnn::{
    Activation, Compile, Dense, Device, Dropout, GradientCheck, GradientOptions, Loss, Net,
    RadialBasis, RunOptions, Samples, Status, Vector, View,
};
use common::{compiled, cpu, picture_net, xor_net, xor_samples, Pictures, XOR_INPUTS};

#[test]
fn bytes_and_floats_give_the_same() {
    let mut net = compiled(picture_net(), 4);
    let pictures = Pictures::new(6);
    let floats: Vec<f32> = pictures.images.iter().map(|&b| (f32::from(b) - 3.0) * 0.5).collect();
    let (mut a, mut b, mut c) = ([0.0; 12], [0.0; 12], [0.0; 12]);
    net.run(&floats, &mut a).unwrap();
    net.run(View::from(&pictures.images).mean(3.0).scale(0.5), &mut b).unwrap();
    assert_eq!(a, b);
    let view = View::from(&pictures.images).means([3.0; 4]).scales([0.5; 4]);
    net.run_many(&[view], &mut [(&mut c).into()], RunOptions::default()).unwrap();
    assert_eq!(a, c);
}

#[test]
fn channels_may_come_last() {
    let mut net = Net::new();
    let x = net.input("x", &[2, 1, 3]);
    net.activation(x, Activation::Linear);
    let mut net = compiled(net, 1);
    let mut y = [0.0; 6];
    net.run(View::from(&[0_u8, 1, 2, 3, 4, 5]).nhwc(), &mut y).unwrap();
    assert_eq!(y, [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);
}

#[test]
fn several_inputs_and_outputs() {
    let mut net = Net::new();
    let (a, b) = (net.input("a", &[2]), net.input("b", &[2]));
    let sum = net.add(&[a, b], ());
    let both = net.concat(&[a, b], ());
    net.output(sum).unwrap();
    net.output(both).unwrap();
    let mut net = compiled(net, 2);
    let (mut s, mut c) = ([0.0; 4], [0.0; 8]);
    let inputs = [View::from(&[1.0, 2.0, 3.0, 4.0]), View::from(&[10_u8, 20, 30, 40])];
    net.run_many(&inputs, &mut [(&mut s).into(), (&mut c).into()], RunOptions::default()).unwrap();
    assert_eq!(s, [11.0, 22.0, 33.0, 44.0]);
    assert_eq!(c, [1.0, 2.0, 10.0, 20.0, 3.0, 4.0, 30.0, 40.0]);
    assert!(net.run(&[1.0, 2.0], &mut s).is_err());
}

#[test]
fn options_of_a_run() {
    let mut net = Net::new();
    let x = net.input("x", &[4]);
    let h = net.dropout(x, Dropout { rate: 0.5, ..Default::default() });
    net.dense(h, Dense { units: 3, ..Default::default() });
    let mut net = compiled(net, 1);
    let input = [View::from(&[1.0, 2.0, 3.0, 4.0])];
    let mut run = |options| {
        let mut y = [0.0; 3];
        net.run_many(&input, &mut [(&mut y).into()], options).unwrap();
        y
    };
    let plain = run(RunOptions::default());
    let softmax = run(RunOptions { softmax: true, ..Default::default() });
    assert!((softmax.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    assert_ne!(run(RunOptions { training: true, ..Default::default() }), plain);
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut net = xor_net();
    let mut y = [0.0; 4];
    assert_eq!(net.run(&XOR_INPUTS, &mut y).unwrap_err().status(), Status::BadState);
    let mut net = compiled(net, 2);
    net.run(&XOR_INPUTS, &mut y).unwrap();
    let error = net.run(&XOR_INPUTS[..7], &mut y).unwrap_err();
    assert_eq!(error.status(), Status::ShapeMismatch);
    assert_eq!(error.node(), net.find("x"));
    assert!(error.to_string().contains('7'), "{}", error);
    assert_eq!(net.run(&XOR_INPUTS, &mut y[..3]).unwrap_err().status(), Status::ShapeMismatch);
    assert_eq!(net.run(&[0.0; 0], &mut []).unwrap_err().status(), Status::ShapeMismatch);
    let error = net.run(&[1_i32, 2], &mut y[..1]).unwrap_err();
    assert_eq!(error.status(), Status::Unsupported);
    let error = net.loss_gradient(&xor_samples(), GradientOptions::default()).unwrap_err();
    assert_eq!(error.status(), Status::LimitExceeded);
    assert_eq!(error.status().to_string(), "CNN_LIMIT_EXCEEDED");

    let options = Compile { inference_only: true, ..Default::default() };
    net.compile(&cpu(), options).unwrap();
    assert_eq!(net.evaluate(&xor_samples()).unwrap_err().status(), Status::BadState);
}

#[test]
fn compile_takes_batches_and_a_limit() {
    let mut net = xor_net();
    let batches = [1, 4];
    let options = Compile { max_batch: 16, batches: &batches, ..Default::default() };
    net.compile(&cpu(), options).unwrap();
    let options = Compile { max_batch: 4, batches: &[5], ..Default::default() };
    assert_eq!(net.compile(&cpu(), options).unwrap_err().status(), Status::OutOfRange);
    let options = Compile { accept_winograd_4x4: true, ..Default::default() };
    net.compile(&cpu(), options).unwrap();
    let options = Compile { max_batch: 1024, memory_limit: 1, ..Default::default() };
    assert_eq!(net.compile(&cpu(), options).unwrap_err().status(), Status::LimitExceeded);
    let options = Compile { max_batch: usize::MAX, ..Default::default() };
    assert_eq!(net.compile(&cpu(), options).unwrap_err().status(), Status::OutOfRange);
    // The plan from before is still there.
    net.run(&XOR_INPUTS, &mut [0.0; 4]).unwrap();
}

#[test]
fn evaluation() {
    let pictures = Pictures::new(10);
    let mut net = compiled(picture_net(), 4);
    let result = net.evaluate(&pictures.samples()).unwrap();
    assert_eq!(result.samples, 10);
    assert_eq!(result.accuracy, Some(result.correct as f64 / 10.0));
    assert_eq!(compiled(xor_net(), 4).evaluate(&xor_samples()).unwrap().accuracy, None);

    let weights = [0.0; 10];
    let weighted = net.evaluate(&pictures.samples().weights(&weights)).unwrap();
    assert_eq!(weighted.loss, 0.0);
    let labels: Vec<i64> = pictures.labels.iter().map(|&l| l.into()).collect();
    let samples = Samples::new(View::from(&pictures.images).scale(1.0 / 255.0), &labels);
    assert_eq!(net.evaluate(&samples).unwrap(), result);
    let samples = Samples::new(&pictures.images, &[9_i32; 10]);
    assert_eq!(net.evaluate(&samples).unwrap_err().status(), Status::OutOfRange);
}

#[test]
fn gradients_agree() {
    let mut net = compiled(xor_net(), 4);
    let samples = xor_samples();
    let loss = net.loss_gradient(&samples, GradientOptions::default()).unwrap();
    assert!((loss - net.evaluate(&samples).unwrap().loss).abs() < 1e-6);
    let gradient = net.vector(Vector::Gradient).unwrap();
    assert!(gradient.iter().any(|&g| g != 0.0));

    // The same by hand: dL/dy = 2 (y - t) / n of the mean of squares.
    let mut y = [0.0; 4];
    net.run(&XOR_INPUTS, &mut y).unwrap();
    let dy: Vec<f32> =
        y.iter().zip(common::XOR_TARGETS).map(|(y, t)| 2.0 * (y - t) / 4.0).collect();
    let mut dx = [0.0; 8];
    let inputs = Samples::of_inputs(&XOR_INPUTS);
    let options = GradientOptions::default();
    net.backward(&inputs, &[View::from(&dy)], &mut [(&mut dx).into()], options).unwrap();
    let by_hand = net.vector(Vector::Gradient).unwrap();
    for (a, b) in gradient.iter().zip(&by_hand) {
        assert!((a - b).abs() < 1e-6, "{} {}", a, b);
    }
    assert!(dx.iter().any(|&d| d != 0.0));
    // Input gradients that aren't wanted.
    net.backward(&inputs, &[View::from(&dy)], &mut [], options).unwrap();
    net.backward(&inputs, &[View::from(&dy)], &mut [(&mut []).into()], options).unwrap();

    net.gradient(&samples, GradientOptions { training: true }).unwrap();
    assert_eq!(net.vector(Vector::Gradient).unwrap(), gradient);
}

#[test]
fn gradient_checks() {
    let mut net = compiled(xor_net(), 4);
    let options = GradientCheck { entries: 5, seed: 1, tolerance: 0.01, ..Default::default() };
    let report = net.check_gradient(&xor_samples(), options).unwrap();
    assert_eq!((report.entries, report.directions), (5, 4));
    assert!(report.error < 0.01 && report.direction_error.unwrap() < 0.01);
    assert!(report.worst.starts_with(&report.tensor) && report.index.is_some());

    let options = GradientCheck { entries: 0, directions: 1, ..Default::default() };
    let report = net.check_gradient(&xor_samples(), options).unwrap();
    assert_eq!((report.entries, report.directions, report.index), (0, 1, None));

    // With a tolerance that nothing meets the report comes with the error.
    let options = GradientCheck { tolerance: 1e-30, ..Default::default() };
    let error = net.check_gradient(&xor_samples(), options).unwrap_err();
    assert_eq!(error.status(), Status::OutOfRange);
    let report = error.gradient_report().unwrap();
    assert!(report.error > 0.0 && error.message().contains(&report.worst));
    assert!(error.fit_report().is_none() && error.minimize_report().is_none());
}

#[test]
fn radial_basis_from_data() {
    let mut net = Net::new();
    let x = net.input("x", &[2]);
    let h = net.radial_basis(x, RadialBasis { name: "rbf", units: 4, ..Default::default() });
    let y = net.dense(h, Dense { units: 1, ..Default::default() });
    net.loss(y, Loss::Mse);
    let mut net = compiled(net, 4);
    let inputs = Samples::of_inputs(&XOR_INPUTS);
    net.init_radial_basis("rbf", &inputs, 1).unwrap();
    let mut centers: Vec<_> = net.tensor(Vector::Parameters, "rbf/center").unwrap();
    centers.sort_by(f32::total_cmp);
    assert_eq!(centers, [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(net.init_radial_basis("no", &inputs, 1).unwrap_err().status(), Status::NotFound);
}

#[test]
fn the_reference_agrees() {
    let mut net = compiled(picture_net(), 4);
    let pictures = Pictures::new(4);
    let (mut a, mut b) = ([0.0; 8], [0.0; 8]);
    net.run(&pictures.images, &mut a).unwrap();
    let reference = Device::open("reference").unwrap();
    net.compile(&reference, Compile { max_batch: 4, ..Default::default() }).unwrap();
    net.run(&pictures.images, &mut b).unwrap();
    for (a, b) in a.iter().zip(&b) {
        assert!((a - b).abs() <= 1e-4 * b.abs().max(1.0), "{} {}", a, b);
    }
}

#[test]
fn a_run_in_instalments() {
    let mut net = compiled(picture_net(), 2);
    let pictures = Pictures::new(32);
    let (mut whole, mut parts) = (vec![0.0; 64], vec![0.0; 64]);
    net.run(&pictures.images, &mut whole).unwrap();
    let mut go = |net: &mut Net, budget, options| {
        net.run_for(&[View::from(&pictures.images)], &mut [(&mut parts).into()], options, budget)
    };
    let options = RunOptions::default();
    let planned = go(&mut net, Some(Duration::ZERO), options).unwrap();
    assert!(!planned.done && planned.next > Duration::ZERO);
    let mut progress = go(&mut net, Some(planned.next / 1000), options).unwrap();
    assert!(!progress.done && progress.fraction == 0.0);
    for _ in 0..100_000 {
        progress = go(&mut net, Some(progress.next.mul_f64(1.5)), options).unwrap();
        assert!((0.0..=1.0).contains(&progress.fraction));
        if progress.done {
            break;
        }
    }
    assert!(progress.done);
    assert!(go(&mut net, None, RunOptions { restart: true, ..options }).unwrap().done);
    assert_eq!(whole, parts);
}
