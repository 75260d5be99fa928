//! The thread rule: devices are shared, nets and optimizers move, cancelling comes from anywhere.

mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use cnn::{
    Canceller, Compile, Device, DeviceOptions, Error, Fit, Matrix, Net, Optimizer, RunOptions,
    Status, Vector, View,
};
use common::{compiled, cpu, picture_net, xor_net, xor_samples, Pictures};

fn send<T: Send>() {}
fn sync<T: Sync>() {}

#[test]
fn what_may_move_and_be_shared() {
    send::<Device>();
    sync::<Device>();
    send::<Net>();
    send::<Optimizer>();
    send::<Matrix>();
    sync::<Matrix>();
    send::<Canceller>();
    sync::<Canceller>();
    send::<Error>();
    sync::<Error>();
}

/// Nets and optimizers aren't `Sync`: if they were, these would be ambiguous.
#[test]
fn what_may_not_be_shared() {
    trait Ambiguous<A> {
        fn not_sync() {}
    }
    impl<T: ?Sized> Ambiguous<()> for T {}
    struct IsSync;
    impl<T: ?Sized + Sync> Ambiguous<IsSync> for T {}
    <Net as Ambiguous<_>>::not_sync();
    <Optimizer as Ambiguous<_>>::not_sync();
}

#[test]
#[allow(clippy::needless_collect)] // all begin before the first is joined
fn one_device_for_many_threads() {
    let device = cpu();
    let pictures = Pictures::new(8);
    let results: Vec<Vec<f32>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut net = picture_net();
                    let options = Compile { max_batch: 4, ..Default::default() };
                    net.compile(&device, options).unwrap();
                    let mut adam = Optimizer::adam();
                    let fit = Fit { epochs: 3, ..Default::default() };
                    net.fit(&mut adam, &pictures.samples(), fit, |_| {}).unwrap();
                    net.vector(Vector::Parameters).unwrap()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(results.iter().all(|result| *result == results[0]), "the same bits in every thread");
}

#[test]
fn a_net_and_its_optimizer_move() {
    let mut net = compiled(xor_net(), 4);
    let mut adam = Optimizer::adam();
    net.train_step(&mut adam, &xor_samples()).unwrap();
    let (mut net, mut adam) = thread::spawn(move || {
        net.train_step(&mut adam, &xor_samples()).unwrap();
        (net, adam)
    })
    .join()
    .unwrap();
    net.train_step(&mut adam, &xor_samples()).unwrap();
    assert_eq!(adam.steps(), 3);
    let optimizer = thread::spawn(move || {
        drop(net);
        adam
    });
    drop(optimizer.join().unwrap());
}

#[test]
fn cancelling_from_another_thread() {
    let mut net = compiled(picture_net(), 1);
    let pictures = Pictures::new(64);
    let canceller = net.canceller();
    let done = AtomicBool::new(false);
    let began = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !began.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(1));
            }
            // One that falls between two calls has no effect: ask until it is heard.
            while !done.load(Ordering::SeqCst) {
                canceller.cancel();
                thread::sleep(Duration::from_millis(1));
            }
        });
        let fit = Fit { epochs: 1 << 40, progress_interval: Duration::ZERO, ..Default::default() };
        let result = net.fit(&mut Optimizer::sgd(), &pictures.samples(), fit, |_| {
            began.store(true, Ordering::SeqCst);
        });
        done.store(true, Ordering::SeqCst);
        let error = result.unwrap_err();
        assert_eq!(error.status(), Status::Cancelled);
        assert!(error.fit_report().unwrap().steps > 0);
    });
}

#[test]
fn devices_are_looked_for_by_many_threads() {
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                assert!(!Device::list().unwrap().is_empty());
                assert_eq!(Device::open("opencl:99.0").unwrap_err().status(), Status::NotFound);
            });
        }
    });
}

/// Cancelling races with the end of the net.
#[test]
fn cancelling_while_the_net_ends() {
    for _ in 0..50 {
        let net = xor_net();
        let canceller = net.canceller();
        thread::scope(|scope| {
            scope.spawn(move || (0..50).for_each(|_| canceller.cancel()));
            drop(net);
        });
    }
}

fn run_with(parallel_for: Option<Box<cnn::ParallelFor>>) -> Vec<f32> {
    let options = DeviceOptions { threads: 4, parallel_for, ..Default::default() };
    let device = Device::open_with("cpu", options).unwrap();
    let mut net = Net::new();
    let x = net.input("x", &[8, 64, 64]);
    let kernel = [3, 3];
    net.conv2d(x, cnn::Conv2d { filters: 32, kernel, ..Default::default() });
    net.compile(&device, Compile { max_batch: 16, ..Default::default() }).unwrap();
    let input: Vec<f32> = (0..16 * 8 * 64 * 64).map(|i| (i % 251) as f32).collect();
    let mut output = vec![0.0; 16 * 32 * 62 * 62];
    net.run_many(&[View::from(&input)], &mut [(&mut output).into()], RunOptions::default())
        .unwrap();
    output
}

#[test]
fn the_host_s_threads_give_the_same_bits() {
    let own = run_with(None);
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let host = run_with(Some(Box::new(move |count, task| {
        counted.fetch_add(1, Ordering::SeqCst);
        thread::scope(|scope| {
            for index in (0..count).rev() {
                scope.spawn(move || task(index));
            }
        });
    })));
    assert_eq!(own, host);
    assert!(calls.load(Ordering::SeqCst) > 0);
    // Whatever the host does, each task is done once.
    assert_eq!(own, run_with(Some(Box::new(|_, _| {}))), "left out");
    let twice = run_with(Some(Box::new(|count, task| {
        (0..count + 3).for_each(task);
        (0..count).for_each(task);
        task(usize::MAX);
    })));
    assert_eq!(own, twice, "done twice");
}

#[test]
fn a_panic_in_parallel_for() {
    let result = std::panic::catch_unwind(|| run_with(Some(Box::new(|_, _| panic!("threads")))));
    assert_eq!(result.unwrap_err().downcast_ref::<&str>(), Some(&"threads"));
}

#[test]
fn shared_parameters() {
    let device = cpu();
    let mut trained = xor_net();
    trained.compile(&device, Compile { max_batch: 4, ..Default::default() }).unwrap();
    let publisher = trained.share().unwrap();
    let outputs = |net: &mut Net| {
        let mut y = [0.0; 4];
        net.run(&common::XOR_INPUTS, &mut y).unwrap();
        y
    };
    let before = outputs(&mut trained);
    let stop = AtomicBool::new(false);
    let workers: Vec<Net> = (0..4)
        .map(|_| {
            let mut net = publisher.share().unwrap();
            let options = Compile { max_batch: 4, inference_only: true, ..Default::default() };
            net.compile(&device, options).unwrap();
            net
        })
        .collect();
    let mut seen = vec![before];
    let after = thread::scope(|scope| {
        let threads: Vec<_> = workers
            .into_iter()
            .map(|mut net| {
                let stop = &stop;
                scope.spawn(move || {
                    let mut seen = Vec::new();
                    while !stop.load(Ordering::SeqCst) {
                        seen.push(outputs(&mut net));
                    }
                    (outputs(&mut net), seen)
                })
            })
            .collect();
        let mut adam = Optimizer::adam().learning_rate(0.05).unwrap();
        for _ in 0..20 {
            trained.train_step(&mut adam, &xor_samples()).unwrap();
            publisher.hand_over(&trained).unwrap();
            seen.push(outputs(&mut trained));
        }
        let last = outputs(&mut trained);
        stop.store(true, Ordering::SeqCst);
        for thread in threads {
            let (end, runs) = thread.join().unwrap();
            assert_close(&end, &last);
            for run in runs {
                assert!(seen.iter().any(|all| close(all, &run)), "parameters of two steps");
            }
        }
        last
    });
    assert!(!close(&before, &after));
    assert_eq!(trained.hand_over(&publisher).unwrap_err().status(), Status::BadState);
    let mut one = publisher.share().unwrap();
    one.compile(&device, Compile { max_batch: 4, ..Default::default() }).unwrap();
    let error = one.train_step(&mut Optimizer::sgd(), &xor_samples()).unwrap_err();
    assert_eq!(error.status(), Status::BadState);
    assert!(one.set_vector(Vector::Parameters, &[0.0; 33]).is_err());
}

/// A plan for inference may round otherwise than one for training.
fn close(a: &[f32; 4], b: &[f32; 4]) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5)
}

fn assert_close(a: &[f32; 4], b: &[f32; 4]) {
    assert!(close(a, b), "{:?} {:?}", a, b);
}
