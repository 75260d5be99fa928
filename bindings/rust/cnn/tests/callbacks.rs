//! Callbacks: what they may do, how they cancel, and that a panic in one comes out of the call.

mod common;

use std::io::{self, Read, Write};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::Duration;

use cnn::{
    conjugate_gradient, minimize, BackwardCall, Compile, Compute, Dense, Device, DeviceOptions,
    Fit, ForwardCall, GradientCheck, HostActivation, HostLayer, HostParameter, Initializer,
    LinearSystem, Log, LogLevel, Loss, Minimize, Net, Optimizer, Problem, Samples, Status, Stop,
    Vector,
};
use common::{compiled, cpu, xor_net, xor_samples, XOR_INPUTS};

/// The text of the panic that `call` ends with.
fn panic_of<T>(call: impl FnOnce() -> T) -> String {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(_) => panic!("it didn't panic"),
        Err(payload) => payload.downcast_ref::<&str>().unwrap().to_string(),
    }
}

fn every_step(epochs: usize) -> Fit<'static> {
    Fit { epochs, progress_interval: Duration::ZERO, ..Default::default() }
}

#[test]
fn progress_of_a_fit() {
    let samples = xor_samples();
    let mut net = compiled(xor_net(), 2);
    let mut adam = Optimizer::adam();
    let mut calls = Vec::new();
    let fit = Fit { validation: Some(&samples), ..every_step(3) };
    let report = net
        .fit(&mut adam, &samples, fit, |p| {
            assert_eq!((p.epochs, p.steps), (3, 6));
            assert_eq!(p.net().node_count(), 4);
            assert_eq!(p.optimizer().steps(), p.step);
            let now = p.evaluate(&samples).unwrap();
            if p.epoch_ended {
                assert!((now.loss - p.validation_loss.unwrap()).abs() < 1e-6);
            }
            let bytes = p.net().to_bytes().unwrap();
            assert!(Net::from_bytes(&bytes).is_ok());
            calls.push((p.epoch, p.step, p.epoch_ended));
        })
        .unwrap();
    assert_eq!((report.epochs, report.steps), (3, 6));
    assert_eq!(report.validation_accuracy, None);
    assert!(report.validation_loss.is_some());
    assert_eq!(calls.iter().filter(|call| call.2).count(), 3);
    assert_eq!(calls.last().unwrap().1, 6);
}

#[test]
fn a_fit_is_cancelled() {
    let mut net = compiled(xor_net(), 1);
    let mut adam = Optimizer::adam();
    let error = net
        .fit(&mut adam, &xor_samples(), every_step(100), |p| {
            if p.step == 5 {
                p.cancel();
            }
        })
        .unwrap_err();
    assert_eq!(error.status(), Status::Cancelled);
    let report = error.fit_report().unwrap();
    assert_eq!((report.epochs, report.steps), (1, 5));
    assert_eq!(error.clone().fit_report(), error.fit_report());
    // A fit that didn't begin has no report.
    let fit = Fit { epochs: 1, batch: 2, ..Default::default() };
    let error = net.fit(&mut adam, &xor_samples(), fit, |_| {}).unwrap_err();
    assert!(error.fit_report().is_none());
}

#[test]
fn a_panic_in_a_fit() {
    let mut net = compiled(xor_net(), 1);
    let mut adam = Optimizer::adam();
    let text = panic_of(|| {
        net.fit(&mut adam, &xor_samples(), every_step(10), |p| {
            assert!(p.step < 3, "enough");
        })
    });
    assert_eq!(text, "enough");
    // Both go on as after a cancel.
    assert_eq!(adam.steps(), 3);
    let fit = Fit { resume: true, ..every_step(10) };
    let report = net.fit(&mut adam, &xor_samples(), fit, |_| {}).unwrap();
    assert_eq!(report.steps, 37);
}

#[test]
fn a_panic_within_a_callback_s_own_call() {
    let mut net = compiled(xor_net(), 1);
    let mut adam = Optimizer::adam();
    struct Broken;
    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            panic!("inner")
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut seen = 0;
    net.fit(&mut adam, &xor_samples(), every_step(1), |p| {
        seen += 1;
        assert_eq!(panic_of(|| p.net().save_to(Broken)), "inner");
    })
    .unwrap();
    assert!(seen > 0);
}

fn parabola(x: &[f64], gradient: Option<&mut [f64]>) -> f64 {
    if let Some(g) = gradient {
        assert_eq!(g, [0.0, 0.0], "gradients are zero before");
        g[0] = 2.0 * (x[0] - 1.0);
        g[1] = 8.0 * (x[1] + 2.0);
    }
    (x[0] - 1.0).powi(2) + 4.0 * (x[1] + 2.0).powi(2)
}

#[test]
fn functions_cancel_and_panic() {
    let lbfgs = Optimizer::lbfgs();
    let options = Minimize::default();
    let mut x = [5.0, 5.0];
    let mut evaluations = 0;
    let problem = Problem::function(|x, g| {
        evaluations += 1;
        (evaluations <= 2).then(|| parabola(x, g))
    });
    let error = minimize(&lbfgs, problem, &mut x, options, |_| {}).unwrap_err();
    assert_eq!(error.status(), Status::Cancelled);
    assert_eq!(error.minimize_report().unwrap().reason, Stop::Cancelled);

    let problem = Problem::function(|_, _| -> f64 { panic!("no value") });
    assert_eq!(panic_of(|| minimize(&lbfgs, problem, &mut x, options, |_| {})), "no value");
    let problem = Problem::residuals(1, |_, _, _| -> Option<()> { panic!("no residuals") });
    let lm = Optimizer::levenberg_marquardt();
    assert_eq!(panic_of(|| minimize(&lm, problem, &mut x, options, |_| {})), "no residuals");
    let problem = Problem::function(parabola);
    let report = panic_of(|| minimize(&lbfgs, problem, &mut x, options, |_| panic!("shown")));
    assert_eq!(report, "shown");
    // The optimizer is free again.
    let mut lbfgs = lbfgs;
    lbfgs.set(cnn::Key::History, 3).unwrap();

    let mut x = [0.0];
    let system = LinearSystem::new(|_, _| -> Option<()> { None });
    let error = conjugate_gradient(system, &[1.0], &mut x, options, |_| {}).unwrap_err();
    assert_eq!(error.status(), Status::Cancelled);
    let system = LinearSystem::new(|_, _| -> Option<()> { panic!("no product") });
    let text = panic_of(|| conjugate_gradient(system, &[1.0], &mut x, options, |_| {}));
    assert_eq!(text, "no product");
    let system = LinearSystem::new(|v, y| y.copy_from_slice(v))
        .preconditioner(|_, _| -> Option<()> { panic!("M") });
    let text = panic_of(|| conjugate_gradient(system, &[1.0], &mut x, options, |_| {}));
    assert_eq!(text, "M");
}

#[test]
fn a_minimisation_is_cancelled() {
    let mut net = compiled(xor_net(), 4);
    let samples = xor_samples();
    let error = net
        .minimize(&Optimizer::lbfgs(), &samples, Minimize::default(), |p| {
            let loss = p.evaluate(&samples).unwrap().unwrap().loss;
            assert!((loss - p.value).abs() < 1e-5);
            assert_eq!(p.net().unwrap().node_count(), 4);
            if p.iteration == 2 {
                p.cancel();
            }
        })
        .unwrap_err();
    assert_eq!(error.status(), Status::Cancelled);
    assert_eq!(error.minimize_report().unwrap().iterations, 2);
}

/// y = w x summed over all inputs, with a w for each; does what it is told.
#[derive(Clone, Copy, PartialEq)]
enum Do {
    Nothing,
    CancelForward,
    CancelBackward,
    PanicForward,
    PanicBackward,
}

struct WeightedSum(Do);

impl Compute for WeightedSum {
    fn forward(&self, call: &mut ForwardCall<'_>) {
        match self.0 {
            Do::CancelForward => return call.cancel(),
            Do::PanicForward => panic!("forward"),
            _ => {}
        }
        assert!(call.output().iter().all(|&y| y == 0.0));
        for i in 0..2 {
            let (x, w) = (call.input(i), call.parameter(0)[i]);
            assert_eq!(x.len(), call.samples() * 3);
            call.output().iter_mut().zip(x).for_each(|(y, x)| *y += w * x);
        }
    }
    fn backward(&self, call: &mut BackwardCall<'_>) {
        match self.0 {
            Do::CancelBackward => return call.cancel(),
            Do::PanicBackward => panic!("backward"),
            _ => {}
        }
        let dy = call.output_gradient();
        assert_eq!(call.output().len(), dy.len());
        for i in 0..2 {
            let (x, w) = (call.input(i), call.parameter(0)[i]);
            if let Some(dx) = call.input_gradient(i) {
                dx.iter_mut().zip(dy).for_each(|(dx, dy)| *dx = w * dy);
            }
            if let Some(dw) = call.parameter_gradient(0) {
                dw[i] = x.iter().zip(dy).map(|(x, dy)| x * dy).sum();
            }
        }
    }
}

fn weights() -> HostParameter<'static> {
    HostParameter {
        initializer: Initializer::Constant,
        initializer_scale: 0.5,
        decays: true,
        ..HostParameter::new("w", &[2])
    }
}

fn host_net(what: Do) -> Net {
    let parameters = [weights()];
    let layer = HostLayer {
        name: "sum",
        kind: "weighted_sum",
        output_shape: &[3],
        parameters: &parameters,
    };
    let mut net = Net::new();
    let x = net.input("x", &[3]);
    let h = net.dense(x, Dense { units: 3, ..Default::default() });
    let y = net.host_layer(&[x, h], layer, WeightedSum(what));
    net.loss(y, Loss::HalfMse);
    net
}

const HOST_INPUTS: [f32; 6] = [0.3, -0.2, 0.7, 1.0, 0.4, -0.6];
const HOST_TARGETS: [f32; 6] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];

#[test]
fn layers_of_the_host_s_own() {
    let samples = Samples::new(&HOST_INPUTS, &HOST_TARGETS);
    let mut net = compiled(host_net(Do::Nothing), 2);
    assert_eq!(net.nodes().unwrap()[2].kind, "weighted_sum");
    let check = GradientCheck { tolerance: 5e-3, ..Default::default() };
    assert!(net.check_gradient(&samples, check).unwrap().entries == 14);
    let adam = &mut Optimizer::adam();
    let before = net.train_step(adam, &samples).unwrap();
    assert!(net.train_step(adam, &samples).unwrap() < before);

    for what in [Do::CancelForward, Do::CancelBackward] {
        let mut net = compiled(host_net(what), 2);
        let error = net.train_step(&mut Optimizer::sgd(), &samples).unwrap_err();
        assert_eq!(error.status(), Status::Cancelled);
        assert_eq!(error.node(), net.find("sum"));
    }
    for (what, text) in [(Do::PanicForward, "forward"), (Do::PanicBackward, "backward")] {
        let mut net = compiled(host_net(what), 2);
        let before = net.vector(Vector::Parameters).unwrap();
        let mut sgd = Optimizer::sgd();
        assert_eq!(panic_of(|| net.train_step(&mut sgd, &samples)), text);
        assert_eq!(net.vector(Vector::Parameters).unwrap(), before);
    }
}

#[test]
fn loaded_layers_get_their_code_back() {
    let mut net = compiled(host_net(Do::Nothing), 2);
    let bytes = net.to_bytes().unwrap();
    let mut y = [0.0; 6];
    net.run(&HOST_INPUTS, &mut y).unwrap();

    let mut loaded = Net::from_bytes(&bytes).unwrap();
    let error = loaded.compile(&cpu(), Compile::default()).map(|_| ()).unwrap_err();
    assert_eq!(error.status(), Status::Unsupported);
    let parameters = [weights()];
    let wrong = HostLayer { kind: "weighted_sum", parameters: &parameters, ..Default::default() };
    assert!(loaded.bind_host_layer("sum", wrong, WeightedSum(Do::Nothing)).is_err());
    let right = HostLayer { output_shape: &[3], ..wrong };
    assert!(loaded.bind_host_layer("dense_1", right, WeightedSum(Do::Nothing)).is_err());
    loaded.bind_host_layer("sum", right, WeightedSum(Do::Nothing)).unwrap();
    let mut z = [0.0; 6];
    compiled(loaded, 2).run(&HOST_INPUTS, &mut z).unwrap();
    assert_eq!(y, z);
}

#[test]
fn activations_of_the_host_s_own() {
    let softplus = || HostActivation::new("softplus", |x| x.exp().ln_1p(), |_, y| 1.0 - (-y).exp());
    let build = |activation: HostActivation| {
        let mut net = Net::new();
        let x = net.input("x", &[3]);
        let h = net.host_activation(x, activation);
        let y = net.dense(h, Dense { units: 3, ..Default::default() });
        net.loss(y, Loss::HalfMse);
        net
    };
    let samples = Samples::new(&HOST_INPUTS, &HOST_TARGETS);
    let expressions = ("log(1 + exp(x))", "1 - exp(-y)");
    let named = softplus().name("plus").opencl(expressions.0, expressions.1);
    let mut net = compiled(build(named), 2);
    let check = GradientCheck { tolerance: 5e-3, ..Default::default() };
    net.check_gradient(&samples, check).unwrap();
    assert!(net.find("plus").is_some());

    let mut loaded = Net::from_bytes(&net.to_bytes().unwrap()).unwrap();
    loaded.bind_host_activation("plus", softplus()).unwrap();
    let (mut y, mut z) = ([0.0; 6], [0.0; 6]);
    net.run(&HOST_INPUTS, &mut y).unwrap();
    compiled(loaded, 2).run(&HOST_INPUTS, &mut z).unwrap();
    assert_eq!(y, z);

    let broken = HostActivation::of_slices("broken", |_, _| panic!("f"), |_, _, _, _| panic!("df"));
    let mut net = compiled(build(broken), 2);
    assert_eq!(panic_of(|| net.run(&HOST_INPUTS, &mut y)), "f");
    let cube = HostActivation::of_slices(
        "cube",
        |x, y| y.iter_mut().zip(x).for_each(|(y, x)| *y = x * x * x),
        |_, _, _, _| panic!("df"),
    );
    let mut net = compiled(build(cube), 2);
    net.run(&HOST_INPUTS, &mut y).unwrap();
    // Nothing before it learns, so its derivative isn't asked for.
    net.train_step(&mut Optimizer::sgd(), &samples).unwrap();
}

#[test]
fn readers_and_writers() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::new(io::ErrorKind::Other, "unplugged"))
        }
    }
    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::new(io::ErrorKind::Other, "full"))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    use std::error::Error;
    let net = xor_net();
    let error = net.save_to(Failing).unwrap_err();
    assert_eq!(error.status(), Status::Io);
    assert_eq!(error.source().unwrap().to_string(), "full");
    let error = Net::load_from(Failing).unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "unplugged");

    /// A byte at a time, and interrupted now and then.
    struct Slow<'a>(&'a [u8], bool);
    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let n = buffer.len().min(7);
            self.0.read(&mut buffer[..n])
        }
    }
    let mut bytes = Vec::new();
    net.save_to(&mut bytes).unwrap();
    assert_eq!(bytes, net.to_bytes().unwrap());
    let loaded = Net::load_from(Slow(&bytes, false)).unwrap();
    assert_eq!(loaded.vector(Vector::Parameters).unwrap(), net.vector(Vector::Parameters).unwrap());

    /// Claims more than there is room for, as no reader may.
    struct Lying;
    impl Read for Lying {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            Ok(if buffer.len() > 1 << 30 { 0 } else { usize::MAX.min(buffer.len() + 10) })
        }
    }
    assert!(Net::load_from(Lying.take(1 << 20)).is_err());

    struct Panicking;
    impl Read for Panicking {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("read")
        }
    }
    assert_eq!(panic_of(|| Net::load_from(Panicking)), "read");
}

#[test]
fn a_panic_in_the_log() {
    let log = Log::new(LogLevel::Debug, |_, _| panic!("log"));
    let options = DeviceOptions { log: Some(log), threads: 1, ..Default::default() };
    // Whether there is something to tell is the library's business.
    let result = catch_unwind(AssertUnwindSafe(|| {
        let device = Device::open_with("cpu", options).unwrap();
        let mut net = xor_net();
        net.compile(&device, Compile { max_batch: 4, ..Default::default() }).unwrap();
        net.run(&XOR_INPUTS, &mut [0.0; 4]).unwrap();
    }));
    if let Err(payload) = result {
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"log"));
    }
}
