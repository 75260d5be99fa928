//! Who holds what: handles end with their last owner, hooks with the last child of their device.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use cnn::{
    BackwardCall, Compile, Compute, Dense, Device, DeviceOptions, ForwardCall, HostActivation,
    HostLayer, Log, LogLevel, Net, Optimizer, Status,
};
use common::{compiled, cpu, xor_net, xor_samples, XOR_INPUTS};

/// Counts the bytes that it has given out.
struct Counting(Arc<AtomicUsize>);

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.0.fetch_add(layout.size(), Ordering::SeqCst);
        System.alloc(layout)
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.0.fetch_sub(layout.size(), Ordering::SeqCst);
        System.dealloc(block, layout)
    }
}

#[test]
fn the_allocator_serves_the_device_and_gets_all_back() {
    let held = Arc::new(AtomicUsize::new(0));
    let options = DeviceOptions {
        allocator: Some(Box::new(Counting(held.clone()))),
        threads: 1,
        ..Default::default()
    };
    let device = Device::open_with("cpu", options).unwrap();
    let mut net = xor_net();
    net.compile(&device, Compile { max_batch: 4, ..Default::default() }).unwrap();
    let mut adam = Optimizer::adam();
    net.train_step(&mut adam, &xor_samples()).unwrap();
    let info = device.info().unwrap();
    assert!(info.memory_used > 0 && info.memory_peak >= info.memory_used);
    assert!(held.load(Ordering::SeqCst) as u64 >= info.memory_used);
    // Any order of destruction.
    drop(device);
    net.run(&XOR_INPUTS, &mut [0.0; 4]).unwrap();
    drop(net);
    assert!(held.load(Ordering::SeqCst) > 0, "the optimizer has its state");
    assert_eq!(Arc::strong_count(&held), 2);
    drop(adam);
    assert_eq!(held.load(Ordering::SeqCst), 0);
    assert_eq!(Arc::strong_count(&held), 1, "the hooks are dropped with the last child");
}

#[test]
fn an_allocator_without_memory_is_an_error() {
    struct Empty;
    unsafe impl GlobalAlloc for Empty {
        unsafe fn alloc(&self, _: Layout) -> *mut u8 {
            std::ptr::null_mut()
        }
        unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
    }
    let options = DeviceOptions { allocator: Some(Box::new(Empty)), ..Default::default() };
    let result = Device::open_with("cpu", options).and_then(|device| {
        xor_net().compile(&device, Compile { max_batch: 64, ..Default::default() }).map(|_| ())
    });
    assert_eq!(result.unwrap_err().status(), Status::OutOfMemory);
}

#[test]
fn hooks_of_a_device_that_did_not_open_are_dropped() {
    let counted = Arc::new(());
    let kept = counted.clone();
    let log = Log::new(LogLevel::Debug, move |_, _| drop(kept.clone()));
    let options = DeviceOptions { log: Some(log), ..Default::default() };
    let error = Device::open_with("no such device", options).unwrap_err();
    assert!(error.to_string().contains("no such device"), "{}", error);
    assert_eq!(Arc::strong_count(&counted), 1);
    assert!(Device::open("zero\0").is_err());
}

#[test]
fn the_log_gets_text() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let to = lines.clone();
    let log = Log::new(LogLevel::Debug, move |level, text| {
        to.lock().unwrap().push((level, text.to_owned()));
    });
    let device = Device::open_with("cpu", DeviceOptions { log: Some(log), ..Default::default() });
    let device = device.unwrap();
    xor_net().compile(&device, Compile { max_batch: 4, ..Default::default() }).unwrap();
    drop(device);
    let lines = Arc::try_unwrap(lines).expect("the hook is dropped").into_inner().unwrap();
    assert!(lines.iter().all(|(level, text)| *level > LogLevel::Silent && !text.is_empty()));
}

#[test]
fn devices_are_listed() {
    let devices = Device::list().unwrap();
    assert_eq!(devices[0].spec, "cpu");
    assert_eq!(devices[0].kind, cnn::DeviceKind::Cpu);
    assert!(devices[0].compute_units > 0);
    let error = Device::open_with("cpu", DeviceOptions { threads: 5000, ..Default::default() });
    assert_eq!(error.unwrap_err().status(), Status::OutOfRange);
    let folder = std::env::temp_dir();
    let options = DeviceOptions {
        cache_directory: Some(&folder),
        memory_limit: 1 << 30,
        threads: 2,
        ..Default::default()
    };
    assert!(format!("{:?}", Device::open_with("cpu", options).unwrap()).contains("cpu"));
}

/// A layer that tells how many of it there are.
#[allow(dead_code)] // it is counted
struct Identity(Arc<()>);

impl Compute for Identity {
    fn forward(&self, call: &mut ForwardCall<'_>) {
        let x = call.input(0);
        call.output().copy_from_slice(x);
    }
    fn backward(&self, call: &mut BackwardCall<'_>) {
        let dy = call.output_gradient();
        if let Some(dx) = call.input_gradient(0) {
            dx.copy_from_slice(dy);
        }
    }
}

#[test]
fn the_host_s_layers_live_as_long_as_their_nets() {
    let counted = Arc::new(());
    let layer = HostLayer { kind: "identity", ..Default::default() };
    let mut net = Net::new();
    let x = net.input("x", &[2]);
    net.host_layer(&[x], layer, Identity(counted.clone()));
    let clone = net.try_clone().unwrap();
    drop(net);
    assert_eq!(Arc::strong_count(&counted), 2);
    let mut clone = compiled(clone, 1);
    let mut y = [0.0; 2];
    clone.run(&[1.0, 2.0], &mut y).unwrap();
    assert_eq!(y, [1.0, 2.0]);
    drop(clone);
    assert_eq!(Arc::strong_count(&counted), 1);

    // One that can't be added, or bound, is dropped at once.
    let mut net = Net::new();
    let x = net.input("x", &[2]);
    let bad = net.host_layer(&[x], HostLayer::default(), Identity(counted.clone()));
    assert_eq!((bad.index(), Arc::strong_count(&counted)), (None, 1));
    let named = HostLayer { kind: "a\0", ..Default::default() };
    let mut net = Net::new();
    let x = net.input("x", &[2]);
    assert_eq!(net.host_layer(&[x], named, Identity(counted.clone())).index(), None);
    assert_eq!(Arc::strong_count(&counted), 1);
    assert!(net.bind_host_layer("x", layer, Identity(counted.clone())).is_err());
    assert_eq!(Arc::strong_count(&counted), 1);
    let kept = counted.clone();
    let function = move |x| {
        assert!(Arc::strong_count(&kept) > 0);
        x
    };
    let activation = HostActivation::new("k", function, |_, _| 1.0);
    assert!(net.bind_host_activation("nothing", activation).is_err());
    assert_eq!(Arc::strong_count(&counted), 1);
}

#[test]
fn a_canceller_outlives_its_net() {
    let net = xor_net();
    let canceller = net.canceller();
    let other = canceller.clone();
    other.cancel();
    drop(net);
    canceller.cancel();
    assert_eq!(format!("{:?}", canceller), "Canceller");
}

#[test]
fn an_optimizer_is_bound_until_it_is_reset() {
    let (mut a, mut b) = (compiled(xor_net(), 4), compiled(xor_net(), 4));
    let mut adam = Optimizer::adam();
    a.train_step(&mut adam, &xor_samples()).unwrap();
    assert_eq!(adam.steps(), 1);
    drop(a);
    let error = b.train_step(&mut adam, &xor_samples()).unwrap_err();
    assert_eq!(error.status(), Status::BadState);
    adam.reset().unwrap();
    b.train_step(&mut adam, &xor_samples()).unwrap();
    // Another device takes the state along.
    b.compile(&cpu(), Compile { max_batch: 8, ..Default::default() }).unwrap();
    b.train_step(&mut adam, &xor_samples()).unwrap();
    assert_eq!(adam.steps(), 2);
}

#[test]
fn a_clone_is_apart() {
    let mut net = compiled(xor_net(), 4);
    let mut clone = compiled(net.try_clone().unwrap(), 4);
    let before = net.vector(cnn::Vector::Parameters).unwrap();
    clone.train_step(&mut Optimizer::sgd(), &xor_samples()).unwrap();
    assert_eq!(net.vector(cnn::Vector::Parameters).unwrap(), before);
    net.copy_parameters(&clone).unwrap();
    assert_ne!(net.vector(cnn::Vector::Parameters).unwrap(), before);
    let mut other = Net::new();
    let x = other.input("x", &[3]);
    other.dense(x, Dense { units: 1, ..Default::default() });
    assert_eq!(net.copy_parameters(&other).unwrap_err().status(), Status::ShapeMismatch);
}
