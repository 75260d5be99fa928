//! Optimizers, steps, fits, minimisations, parameters and files.

mod common;

use std::time::Duration;

use cnn::{
    conjugate_gradient, minimize, Activation, BatchNorm, Compile, Dense, Fit, Key, LineSearch,
    LinearSystem, Loss, Minimize, Net, NetOptions, Optimizer, OptimizerKind, Problem, Profile,
    Samples, Schedule, Status, Stop, Tune, Vector,
};
use common::{compiled, cpu, picture_net, xor_net, xor_samples, Pictures, XOR_INPUTS};

#[test]
fn a_device_is_tuned() {
    let (mut net, device) = (xor_net(), cpu());
    let compile = Compile { max_batch: 4, ..Default::default() };
    let tune = Tune { compile, time: Duration::from_millis(50) };
    let mut calls = 0;
    let report = net
        .tune(&device, tune, |progress| {
            calls += 1;
            assert!(progress.operation <= progress.operations && !progress.name.is_empty());
            true
        })
        .unwrap();
    assert!(calls > 0 && report.operations > 0 && report.measured >= report.operations);
    assert!(report.seconds_after <= report.seconds_before);
    let stopped = net.tune(&device, tune, |_| false);
    assert_eq!(stopped.unwrap_err().status(), Status::Cancelled);
    let time = Duration::from_millis(50);
    net.compile(&device, Compile { tune: time, ..compile }).unwrap();
}

#[test]
fn a_profile_has_a_row_for_each_launch() {
    let (mut net, device) = (xor_net(), cpu());
    net.compile(&device, Compile { max_batch: 4, ..Default::default() }).unwrap();
    let rows = net.profile(Profile::default()).unwrap();
    assert!(rows.iter().any(|row| row.node.is_some() && row.flops > 0.0));
    assert!(rows.iter().all(|row| !row.operation.is_empty() && row.seconds >= 0.0));
    let options = Profile { samples: 2, runs: 3, training: true };
    let step = net.profile(options).unwrap();
    assert!(step[0].node.is_none() && step.iter().any(|row| row.second_pass));
    let more = net.profile(Profile { samples: 5, ..options });
    assert_eq!(more.unwrap_err().status(), Status::OutOfRange);
}

#[test]
fn keys_of_every_kind() {
    let made = [
        (Optimizer::sgd(), OptimizerKind::Sgd),
        (Optimizer::adam(), OptimizerKind::Adam),
        (Optimizer::adamw(), OptimizerKind::AdamW),
        (Optimizer::adagrad(), OptimizerKind::AdaGrad),
        (Optimizer::rmsprop(), OptimizerKind::RmsProp),
        (Optimizer::adams_bashforth(), OptimizerKind::AdamsBashforth),
        (Optimizer::gradient_descent(), OptimizerKind::GradientDescent),
        (Optimizer::heun(), OptimizerKind::Heun),
        (Optimizer::nonlinear_cg(), OptimizerKind::NonlinearCg),
        (Optimizer::bfgs(), OptimizerKind::Bfgs),
        (Optimizer::lbfgs(), OptimizerKind::Lbfgs),
        (Optimizer::levenberg_marquardt(), OptimizerKind::LevenbergMarquardt),
        (Optimizer::gauss_newton_cg(), OptimizerKind::GaussNewtonCg),
        (Optimizer::full_adagrad(), OptimizerKind::FullAdaGrad),
        (Optimizer::full_rmsprop(), OptimizerKind::FullRmsProp),
    ];
    for (mut optimizer, kind) in made {
        assert_eq!(optimizer.kind(), kind);
        assert_eq!(optimizer.steps(), 0);
        let keys = optimizer.keys().unwrap();
        assert!(!keys.is_empty());
        for info in keys {
            assert!(!matches!(info.key, Key::Unknown(_)), "{}", info.name);
            assert_eq!(info.value, info.default_value);
            assert!(info.minimum <= info.value && info.value <= info.maximum);
            assert_eq!(optimizer.get(info.key).unwrap(), info.value);
            optimizer.set(info.key, info.value).unwrap();
        }
    }
}

#[test]
fn keys_have_bounds() {
    let adam = Optimizer::adam().learning_rate(1e-2).unwrap().clip_norm(5.0).unwrap();
    let adam = adam.l2(0.1).unwrap().l1(0.01).unwrap();
    assert_eq!(adam.get(Key::LearningRate).unwrap(), 1e-2);
    let error = Optimizer::adam().learning_rate(-1.0).unwrap_err();
    assert_eq!(error.status(), Status::OutOfRange);
    assert!(error.to_string().contains("learning_rate is -1"), "{}", error);
    assert_eq!(Optimizer::sgd().momentum(f64::NAN).unwrap_err().status(), Status::OutOfRange);
    assert_eq!(Optimizer::adam().momentum(0.5).unwrap_err().status(), Status::NotFound);
    assert!(Optimizer::adamw().weight_decay(0.1).is_ok());
    let bfgs = Optimizer::bfgs().with(Key::LineSearch, LineSearch::Brent).unwrap();
    assert_eq!(bfgs.get(Key::LineSearch).unwrap(), 4.0);
    assert!(format!("{:?}", bfgs).contains("Bfgs"));
    // One that this version doesn't know is refused by every call, not by a crash.
    let mut unknown = Optimizer::new(OptimizerKind::Unknown(999));
    assert_eq!(unknown.set(Key::L2, 1).unwrap_err().status(), Status::InvalidArgument);
    assert_eq!(unknown.kind(), OptimizerKind::Unknown(0));
}

#[test]
fn steps() {
    let mut net = compiled(xor_net(), 4);
    let mut sgd = Optimizer::sgd().learning_rate(0.5).unwrap();
    let first = net.train_step(&mut sgd, &xor_samples()).unwrap();
    for _ in 0..50 {
        net.train_step_unread(&mut sgd, &xor_samples()).unwrap();
    }
    assert!(net.train_step(&mut sgd, &xor_samples()).unwrap() < first);
    assert_eq!(sgd.steps(), 52);
    let bfgs = &mut Optimizer::bfgs();
    assert_eq!(net.train_step(bfgs, &xor_samples()).unwrap_err().status(), Status::Unsupported);
    let before = net.vector(Vector::Parameters).unwrap();
    let infinite = Samples::new(&[f32::MAX; 8], &[f32::INFINITY; 4]);
    let error = net.train_step(&mut sgd, &infinite).unwrap_err();
    assert_eq!(error.status(), Status::NotFinite);
    assert_eq!(net.vector(Vector::Parameters).unwrap(), before);
}

#[test]
fn a_fit_learns_pictures() {
    let (train, test) = (Pictures::new(200), Pictures::new(40));
    let validation = test.samples();
    let mut net = compiled(picture_net(), 16);
    let mut adam = Optimizer::adam().learning_rate(5e-3).unwrap();
    let fit = Fit { epochs: 3, validation: Some(&validation), ..Default::default() };
    let report = net.fit(&mut adam, &train.samples(), fit, |_| {}).unwrap();
    assert_eq!(report.validation_accuracy, Some(1.0));
    assert!(report.samples_per_second > 0.0 && report.seconds > 0.0);
}

#[test]
fn every_option_of_a_fit() {
    let rates = |fit: Fit<'_>| {
        let mut net = compiled(xor_net(), 4);
        let mut sgd = Optimizer::sgd().learning_rate(1.0).unwrap();
        let mut rates = Vec::new();
        let fit = Fit { batch: 2, progress_interval: Duration::ZERO, ..fit };
        net.fit(&mut sgd, &xor_samples(), fit, |p| {
            if !p.epoch_ended {
                rates.push((p.learning_rate * 1e6).round() / 1e6);
            }
        })
        .unwrap();
        rates
    };
    let four = Fit { epochs: 4, ..Default::default() };
    assert!(rates(four).iter().all(|&rate| rate == 1.0));
    let schedule = Schedule::Step { factor: 0.5, period: 2.0 };
    assert_eq!(rates(Fit { schedule, ..four }).last(), Some(&0.5));
    let schedule = Schedule::Exponential { factor: 0.5, period: 1.0 };
    assert!(*rates(Fit { schedule, ..four }).last().unwrap() < 0.2);
    let schedule = Schedule::Cosine { floor: 0.25 };
    let cosine = rates(Fit { schedule, ..four });
    assert!(cosine.windows(2).all(|w| w[1] <= w[0]) && *cosine.last().unwrap() < 0.4);
    let warm = rates(Fit { warmup_steps: 4, ..four });
    assert!(warm[0] < 0.5 && *warm.last().unwrap() == 1.0);

    let parameters = |fit: Fit<'_>| {
        let mut net = compiled(picture_net(), 8);
        let data = Pictures::new(30);
        net.fit(&mut Optimizer::adam(), &data.samples(), fit, |_| {}).unwrap();
        net.vector(Vector::Parameters).unwrap()
    };
    let plain = parameters(Fit::default());
    assert_eq!(plain, parameters(Fit::default()));
    assert_ne!(plain, parameters(Fit { seed: 1, ..Default::default() }));
    assert_ne!(plain, parameters(Fit { shuffle: false, ..Default::default() }));
    assert_ne!(plain, parameters(Fit { batch: 4, ..Default::default() }));
}

#[test]
fn a_checkpoint_goes_on_with_the_same_bits() {
    let data = Pictures::new(50);
    let fit = Fit { epochs: 4, progress_interval: Duration::ZERO, ..Default::default() };
    let mut whole = compiled(picture_net(), 8);
    whole.fit(&mut Optimizer::adam(), &data.samples(), fit, |_| {}).unwrap();
    let whole = whole.vector(Vector::Parameters).unwrap();

    let folder = std::env::temp_dir().join(format!("cnn-rust-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("checkpoint.safetensors");
    let mut net = compiled(picture_net(), 8);
    let mut adam = Optimizer::adam();
    let error = net
        .fit(&mut adam, &data.samples(), fit, |p| {
            if p.step == 9 {
                p.save_checkpoint(&path).unwrap();
                p.cancel();
            }
        })
        .unwrap_err();
    assert_eq!(error.status(), Status::Cancelled);
    let bytes = net.checkpoint_to_bytes(&adam).unwrap();
    let mut written = Vec::new();
    net.save_checkpoint_to(&adam, &mut written).unwrap();
    assert_eq!(written, bytes);
    drop((net, adam));

    let finish = |(mut net, mut adam): (Net, Optimizer)| {
        assert_eq!(adam.steps(), 9);
        net.compile(&cpu(), Compile { max_batch: 8, ..Default::default() }).unwrap();
        net.fit(&mut adam, &data.samples(), Fit { resume: true, ..fit }, |_| {}).unwrap();
        net.vector(Vector::Parameters).unwrap()
    };
    assert_eq!(finish(Net::load_checkpoint(&path).unwrap()), whole);
    assert_eq!(finish(Net::checkpoint_from_bytes(&bytes).unwrap()), whole);
    assert_eq!(finish(Net::load_checkpoint_from(&bytes[..]).unwrap()), whole);
    // A model has no optimizer; a checkpoint loads as a model.
    let net = Net::load(&path).unwrap();
    net.save_checkpoint(&Optimizer::sgd(), &path).unwrap();
    net.save(&path).unwrap();
    assert_eq!(Net::load_checkpoint(&path).unwrap_err().status(), Status::NotFound);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn files() {
    let net = xor_net();
    let theta = net.vector(Vector::Parameters).unwrap();
    let folder = std::env::temp_dir().join(format!("cnn-rust-ü-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("net.safetensors");
    net.save(&path).unwrap();
    assert_eq!(Net::load(&path).unwrap().vector(Vector::Parameters).unwrap(), theta);
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(bytes, net.to_bytes().unwrap());
    let error = Net::load(folder.join("nothing")).unwrap_err();
    assert_eq!(error.status(), Status::Io);
    assert!(error.to_string().contains("nothing"), "{}", error);
    assert!(net.save(folder.join("no").join("folder")).is_err());
    assert!(Net::load("a\0b").is_err());
    for length in 0..bytes.len().min(400) {
        assert!(Net::from_bytes(&bytes[..length]).is_err());
    }
    assert_eq!(Net::from_bytes(&[7; 100]).unwrap_err().status(), Status::BadFile);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn minimising_a_net() {
    let mut net = compiled(xor_net(), 4);
    let theta = net.vector(Vector::Parameters).unwrap();
    for optimizer in [
        Optimizer::levenberg_marquardt(),
        Optimizer::lbfgs(),
        Optimizer::gauss_newton_cg(),
        Optimizer::adam().learning_rate(0.05).unwrap(),
    ] {
        net.set_vector(Vector::Parameters, &theta).unwrap();
        let report = net
            .minimize(&optimizer, &xor_samples(), Minimize::default(), |p| {
                assert!(p.value.is_finite());
            })
            .unwrap();
        assert!(report.value < 0.01, "{:?} {:?}", optimizer, report);
        assert!(report.start_value > 0.1 && report.handed_over.is_none());
        assert_eq!(optimizer.steps(), 0);
    }

    // Only what is named moves.
    net.set_vector(Vector::Parameters, &theta).unwrap();
    let first = net.tensor(Vector::Parameters, "dense_1/weight").unwrap();
    let options = Minimize { tensors: &["dense_2"], ..Default::default() };
    net.minimize(&Optimizer::bfgs(), &xor_samples(), options, |_| {}).unwrap();
    assert_eq!(net.tensor(Vector::Parameters, "dense_1/weight").unwrap(), first);
    assert_ne!(net.vector(Vector::Parameters).unwrap(), theta);
    let options = Minimize { tensors: &["nothing"], ..Default::default() };
    let error = net.minimize(&Optimizer::bfgs(), &xor_samples(), options, |_| {}).unwrap_err();
    assert_eq!(error.status(), Status::NotFound);
    assert!(error.minimize_report().is_none());
}

#[test]
fn the_error_curve() {
    let mut net = compiled(xor_net(), 4);
    let loss = net.evaluate(&xor_samples()).unwrap().loss;
    let curve = net.error_curve(&xor_samples(), None, &[0.0, 1e-2, 0.1]).unwrap();
    assert!((curve[0] - loss).abs() < 1e-6 && curve[1] < curve[0]);
    let zero = vec![0.0; net.vector_elements(Vector::Parameters)];
    let flat = net.error_curve(&xor_samples(), Some(&zero), &[1.0, 2.0]).unwrap();
    assert_eq!(flat[0], flat[1]);
    let error = net.error_curve(&xor_samples(), Some(&[1.0]), &[1.0]).unwrap_err();
    assert_eq!(error.status(), Status::ShapeMismatch);
    assert!(net.error_curve(&xor_samples(), None, &[f64::NAN]).is_err());
    assert!(net.error_curve(&xor_samples(), None, &[]).unwrap().is_empty());
}

fn rosenbrock(x: &[f64], gradient: Option<&mut [f64]>) -> f64 {
    let (a, b) = (x[1] - x[0] * x[0], 1.0 - x[0]);
    if let Some(g) = gradient {
        g[0] = -400.0 * x[0] * a - 2.0 * b;
        g[1] = 200.0 * a;
    }
    100.0 * a * a + b * b
}

#[test]
fn minimising_a_function() {
    for optimizer in [Optimizer::bfgs(), Optimizer::lbfgs(), Optimizer::nonlinear_cg()] {
        let mut x = [-1.2, 1.0];
        let mut iterations = 0;
        let report =
            minimize(&optimizer, Problem::function(rosenbrock), &mut x, Minimize::default(), |p| {
                assert!(p.net().is_none() && p.evaluate(&xor_samples()).is_none());
                iterations = p.iteration;
            })
            .unwrap();
        assert!((x[0] - 1.0).abs() < 1e-5 && (x[1] - 1.0).abs() < 1e-5, "{:?}", x);
        assert_eq!(report.iterations, iterations);
    }
    let mut x = [-1.2, 1.0];
    let problem = Problem::function(|x, gradient| {
        assert!(gradient.is_none());
        rosenbrock(x, gradient)
    });
    let problem = problem.numeric_derivatives();
    minimize(&Optimizer::bfgs(), problem, &mut x, Minimize::default(), |_| {}).unwrap();
    assert!((x[0] - 1.0).abs() < 1e-4, "{:?}", x);

    let lm = Optimizer::levenberg_marquardt();
    let problem = Problem::function(rosenbrock);
    let error = minimize(&lm, problem, &mut x, Minimize::default(), |_| {}).unwrap_err();
    assert_eq!(error.status(), Status::Unsupported);
}

#[test]
fn minimising_residuals() {
    let mut x = [1.0, 1.0];
    let problem = Problem::residuals(4, |x, r, jacobian| {
        for (i, r) in r.iter_mut().enumerate() {
            let t = i as f64;
            *r = x[0] * (-x[1] * t).exp() - 3.0 * (-0.5 * t).exp();
        }
        if let Some(j) = jacobian {
            assert!(j.len() == 8 && j.iter().all(|&v| v == 0.0));
            for (i, row) in j.chunks_mut(2).enumerate() {
                let e = (-x[1] * i as f64).exp();
                row.copy_from_slice(&[e, -x[0] * i as f64 * e]);
            }
        }
    });
    let lm = Optimizer::levenberg_marquardt();
    let options = Minimize { max_evaluations: Some(1000), ..Default::default() };
    let report = minimize(&lm, problem.residual_group(2), &mut x, options, |_| {}).unwrap();
    assert!((x[0] - 3.0).abs() < 1e-6 && (x[1] - 0.5).abs() < 1e-6, "{:?} {:?}", x, report);
    assert_eq!(report.rank, Some(2));
    assert!(report.condition.unwrap() > 1.0);
}

#[test]
fn limits_and_handing_over() {
    let run = |options: Minimize<'_>, optimizer: &Optimizer| {
        let mut x = [-1.2, 1.0];
        let problem = Problem::function(rosenbrock);
        minimize(optimizer, problem, &mut x, options, |_| {}).unwrap()
    };
    let bfgs = Optimizer::bfgs();
    let report = run(Minimize { max_iterations: Some(3), ..Default::default() }, &bfgs);
    assert_eq!((report.reason, report.iterations), (Stop::Iterations, 3));
    let report = run(Minimize { max_evaluations: Some(5), ..Default::default() }, &bfgs);
    assert_eq!(report.reason, Stop::Evaluations);
    let report = run(Minimize { time_limit: Some(Duration::ZERO), ..Default::default() }, &bfgs);
    assert_eq!(report.reason, Stop::Time);
    let report = run(Minimize { gradient_tolerance: Some(1e3), ..Default::default() }, &bfgs);
    assert_eq!((report.reason, report.iterations), (Stop::Gradient, 0));
    let never = Some(0.0);
    let options = Minimize {
        gradient_tolerance: never,
        step_tolerance: never,
        value_tolerance: never,
        max_iterations: None,
        ..Default::default()
    };
    let report = run(options, &bfgs);
    assert!(report.value < 1e-20 && report.reason != Stop::Iterations, "{:?}", report);

    let descent = Optimizer::gradient_descent();
    let options = Minimize {
        then: Some(&bfgs),
        stall_iterations: Some(5),
        stall_tolerance: 0.5,
        ..Default::default()
    };
    let report = run(options, &descent);
    assert!(report.handed_over.is_some() && report.value < 1e-10, "{:?}", report);
}

#[test]
fn conjugate_gradients() {
    // A tridiagonal system of 50, and its diagonal as a preconditioner.
    let product = |v: &[f64], y: &mut [f64]| {
        assert!(y.iter().all(|&y| y == 0.0));
        for i in 0..v.len() {
            let side = |j: Option<usize>| j.and_then(|j| v.get(j)).copied().unwrap_or(0.0);
            y[i] = (3.0 + i as f64) * v[i] - side(i.checked_sub(1)) - side(i.checked_add(1));
        }
    };
    let b: Vec<f64> = (0..50).map(|i| (i as f64).sin()).collect();
    let solve = |system: LinearSystem<'_>| {
        let mut x = vec![0.0; 50];
        let report = conjugate_gradient(system, &b, &mut x, Minimize::default(), |_| {}).unwrap();
        let mut y = vec![0.0; 50];
        product(&x, &mut y);
        assert!(y.iter().zip(&b).all(|(y, b)| (y - b).abs() < 1e-8));
        report.products
    };
    let plain = solve(LinearSystem::new(product));
    let preconditioned = solve(LinearSystem::new(product).preconditioner(|v, y| {
        for (i, (y, v)) in y.iter_mut().zip(v).enumerate() {
            *y = v / (3.0 + i as f64);
        }
    }));
    assert!(preconditioned < plain, "{} {}", preconditioned, plain);

    let mut x = [0.0; 2];
    let system = LinearSystem::new(product);
    let error = conjugate_gradient(system, &b, &mut x, Minimize::default(), |_| {}).unwrap_err();
    assert_eq!(error.status(), Status::ShapeMismatch);
    let system = LinearSystem::new(|v: &[f64], y: &mut [f64]| {
        y.iter_mut().zip(v).for_each(|(y, v)| *y = -v);
    });
    let mut x = [0.0; 50];
    let report = conjugate_gradient(system, &b, &mut x, Minimize::default(), |_| {}).unwrap();
    assert_eq!(report.reason, Stop::NoDecrease);
}

#[test]
fn vectors_and_tensors() {
    let mut net = Net::with(NetOptions { name: "n", seed: 2 });
    let x = net.input("x", &[2, 1, 1]);
    let h = net.batch_norm(x, BatchNorm { name: "norm", ..Default::default() });
    let y = net.dense(h, Dense { name: "dense", units: 3, ..Default::default() });
    net.loss(y, Loss::Mse);
    let tensors = net.tensors(Vector::Parameters).unwrap();
    let names: Vec<_> = tensors.iter().map(|tensor| tensor.name.as_str()).collect();
    assert_eq!(names, ["norm/scale", "norm/shift", "dense/weight", "dense/bias"]);
    assert_eq!((tensors[2].offset, tensors[2].elements), (4, 6));
    assert_eq!((tensors[2].shape.as_slice(), tensors[2].node), (&[3, 2][..], y));
    assert_eq!((tensors[2].rate, tensors[2].regularization), (1.0, 1.0));
    assert_eq!(net.vector_elements(Vector::Parameters), 13);
    assert_eq!(net.vector(Vector::State).unwrap(), [0.0, 0.0, 1.0, 1.0]);
    assert_eq!(net.vector(Vector::Gradient).unwrap_err().status(), Status::BadState);

    net.set_tensor(Vector::Parameters, "dense/bias", &[1.0, 2.0, 3.0]).unwrap();
    assert_eq!(net.vector(Vector::Parameters).unwrap()[10..], [1.0, 2.0, 3.0]);
    assert_eq!(net.tensor(Vector::Parameters, "dense/bias").unwrap(), [1.0, 2.0, 3.0]);
    assert_eq!(net.tensor(Vector::Parameters, "no").unwrap_err().status(), Status::NotFound);
    let short = net.set_tensor(Vector::Parameters, "dense/bias", &[1.0]).unwrap_err();
    assert_eq!(short.status(), Status::ShapeMismatch);
    assert!(net.read_vector(Vector::Parameters, &mut [0.0; 3]).is_err());
    assert!(net.set_vector(Vector::Gradient, &[0.0; 13]).is_err());

    net.set_rate("dense", 0.0).unwrap();
    net.set_regularization("dense/bias", 0.5).unwrap();
    let tensors = net.tensors(Vector::Parameters).unwrap();
    assert_eq!((tensors[2].rate, tensors[3].rate, tensors[0].rate), (0.0, 0.0, 1.0));
    assert_eq!(tensors[3].regularization, 0.5);
    assert_eq!(net.set_rate("no", 1.0).unwrap_err().status(), Status::NotFound);
    assert_eq!(net.set_rate("dense", -1.0).unwrap_err().status(), Status::OutOfRange);

    assert_eq!(net.center().unwrap(), [0.0; 13]);
    let center: Vec<f32> = (0..13).map(|i| i as f32).collect();
    net.set_center(Some(&center)).unwrap();
    assert_eq!(net.center().unwrap(), center);
    assert!(net.set_center(Some(&[1.0])).is_err());
    net.set_center(None).unwrap();
    assert_eq!(net.center().unwrap(), [0.0; 13]);

    let frozen = net.tensor(Vector::Parameters, "dense/weight").unwrap();
    let mut net = compiled(net, 4);
    let samples = Samples::new(&XOR_INPUTS, &[0.5; 12]);
    net.train_step(&mut Optimizer::sgd(), &samples).unwrap();
    assert_eq!(net.tensor(Vector::Parameters, "dense/weight").unwrap(), frozen);
    assert_ne!(net.vector(Vector::State).unwrap(), [0.0, 0.0, 1.0, 1.0]);
}

#[test]
fn clones_are_not_compiled() {
    let net = compiled(xor_net(), 4);
    let mut clone = net.try_clone().unwrap();
    assert_eq!(clone.run(&XOR_INPUTS, &mut [0.0; 4]).unwrap_err().status(), Status::BadState);
    assert_eq!(clone.node_count(), net.node_count());
    assert_eq!(clone.vector(Vector::Parameters).unwrap(), net.vector(Vector::Parameters).unwrap());
    assert_eq!(Activation::default(), Activation::Linear);
}

#[test]
fn a_fit_in_instalments() {
    let data = Pictures::new(50);
    let samples = data.samples();
    let fit = Fit { epochs: 2, ..Default::default() };
    let mut whole = compiled(picture_net(), 8);
    whole.fit(&mut Optimizer::adam(), &samples, fit, |_| {}).unwrap();

    let mut net = compiled(picture_net(), 8);
    let mut adam = Optimizer::adam();
    let planned = net.fit_for(&mut adam, &samples, fit, Some(Duration::ZERO)).unwrap();
    assert!(!planned.done && adam.steps() == 0);
    let mut status = planned;
    for _ in 0..100_000 {
        let budget = Duration::from_micros(20) + status.next.mul_f64(1.5);
        status = net.fit_for(&mut adam, &samples, fit, Some(budget)).unwrap();
        if status.done {
            break;
        }
    }
    assert!(status.done);
    let parameters = |net: &Net| net.vector(Vector::Parameters).unwrap();
    assert_eq!(parameters(&net), parameters(&whole));

    // Without end, and anew.
    let forever = Fit { epochs: 0, restart: true, ..fit };
    let budget = Some(2 * planned.next);
    let status = net.fit_for(&mut adam, &samples, forever, budget).unwrap();
    assert_eq!((status.done, status.epochs, status.fraction), (false, 0, 0.0));
    let all = net.fit_for(&mut Optimizer::sgd(), &samples, fit, None).unwrap();
    assert!(all.done);
}
