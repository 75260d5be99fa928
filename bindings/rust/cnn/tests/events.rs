//! Runs that go on while the host does something else.

mod common;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use cnn::{
    BackwardCall, Compile, Compute, Conv2d, Device, DeviceOptions, ForwardCall, HostLayer, Net,
    RunOptions, Status, Vector, View,
};
use common::{compiled, picture_net, Pictures};

/// Takes some milliseconds a batch.
fn slow_net(threads: usize) -> Net {
    let options = DeviceOptions { threads, ..Default::default() };
    let device = Device::open_with("cpu", options).unwrap();
    let mut net = Net::new();
    let x = net.input("x", &[16, 64, 64]);
    net.conv2d(x, Conv2d { filters: 16, kernel: [5, 5], ..Default::default() });
    net.compile(&device, Compile { max_batch: 4, ..Default::default() }).unwrap();
    net
}

fn slow_input(samples: usize) -> Vec<f32> {
    (0..samples * 16 * 64 * 64).map(|i| (i % 127) as f32).collect()
}

#[test]
fn the_same_bits_as_a_run() {
    for threads in [1, 2] {
        let mut net = slow_net(threads);
        let input = slow_input(8);
        let mut wanted = vec![0.0; 8 * 16 * 60 * 60];
        net.run(&input, &mut wanted).unwrap();
        let outputs = vec![vec![0.0; wanted.len()]];
        let run =
            net.run_async(input, |x| vec![View::from(x)], outputs, RunOptions::default()).unwrap();
        run.event().wait(Some(Duration::from_millis(1))).unwrap();
        assert!(run.event().wait(None).unwrap() && run.event().is_done());
        let (outputs, input) = run.finish().unwrap();
        assert_eq!(outputs[0], wanted);
        assert_eq!(input.len(), 8 * 16 * 64 * 64);
    }
}

#[test]
fn meanwhile_the_net_is_busy() {
    let mut net = slow_net(2);
    let outputs = vec![vec![0.0; 64 * 16 * 60 * 60]];
    let input = Arc::new(slow_input(64));
    let kept = input.clone();
    let run =
        net.run_async(input, |x| vec![View::from(&**x)], outputs, RunOptions::default()).unwrap();
    if !run.event().is_done() {
        let error = net.run(&kept[..16 * 64 * 64], &mut vec![0.0; 16 * 60 * 60]);
        // It may have become done since.
        assert!(error.map_or_else(|error| error.status() == Status::Busy, |()| true));
    }
    assert!(!net.vector(Vector::Parameters).unwrap().is_empty());
    net.canceller().cancel();
    match run.finish() {
        Ok((outputs, _)) => assert_eq!(outputs.len(), 1),
        Err(error) => assert_eq!(error.status(), Status::Cancelled),
    }
}

#[test]
fn everything_may_end_before_the_run() {
    let mut net = slow_net(2);
    let outputs = vec![vec![0.0; 16 * 16 * 60 * 60]];
    let run = net
        .run_async(slow_input(16), |x| vec![View::from(x)], outputs, RunOptions::default())
        .unwrap();
    drop(net);
    let run = thread::spawn(move || {
        run.event().wait(None).unwrap();
        run
    });
    drop(run.join().unwrap());

    // One that is dropped at once waits; one that is forgotten keeps its memory.
    let mut net = slow_net(2);
    for forget in [false, true] {
        let outputs = vec![vec![0.0; 16 * 60 * 60]];
        let run = net
            .run_async(slow_input(1), |x| vec![View::from(x)], outputs, RunOptions::default())
            .unwrap();
        if forget && std::env::var_os("CNN_TEST_LEAKS").is_none() {
            std::mem::forget(run);
        }
    }
}

#[test]
fn what_does_not_fit_is_told_at_once() {
    let mut net = slow_net(2);
    let counted = Arc::new(slow_input(1));
    let error = net
        .run_async(counted.clone(), |x| vec![View::from(&x[1..])], vec![], RunOptions::default())
        .unwrap_err();
    assert_eq!(error.status(), Status::ShapeMismatch);
    assert_eq!(Arc::strong_count(&counted), 1);
}

#[test]
fn borrowed_memory() {
    let mut net = compiled(picture_net(), 4);
    let pictures = Pictures::new(6);
    let (mut a, mut b) = ([0.0; 12], [0.0; 12]);
    let view = View::from(&pictures.images).scale(0.5);
    net.run(view, &mut a).unwrap();
    let options = RunOptions::default();
    let seen = net.run_while(&[view], &mut [(&mut b).into()], options, |event| {
        event.wait(None).unwrap();
        event.is_done()
    });
    assert!(seen.unwrap());
    assert_eq!(a, b);
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        net.run_while(&[view], &mut [(&mut b).into()], options, |_| panic!("meanwhile"))
    }));
    assert!(panic.is_err());
    net.run(view, &mut a).unwrap();
}

#[test]
fn a_panic_of_a_layer() {
    struct Broken;
    impl Compute for Broken {
        fn forward(&self, _: &mut ForwardCall<'_>) {
            panic!("layer")
        }
        fn backward(&self, _: &mut BackwardCall<'_>) {}
    }
    let mut net = Net::new();
    let x = net.input("x", &[2]);
    net.host_layer(&[x], HostLayer { kind: "broken", ..Default::default() }, Broken);
    let mut net = compiled(net, 1);
    let input = vec![1.0_f32, 2.0];
    let run = net
        .run_async(input, |x| vec![View::from(x)], vec![vec![0.0; 2]], RunOptions::default())
        .unwrap();
    // By a thread of the library's the run is cancelled; by this one the panic goes on.
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run.finish()));
    match ended {
        Ok(result) => assert_eq!(result.unwrap_err().status(), Status::Cancelled),
        Err(payload) => assert_eq!(payload.downcast_ref::<&str>(), Some(&"layer")),
    }
}
