//! What a call costs through this crate, and the same call through C's functions: thread CPU time,
//! the smallest of many rounds that take turns.
//!
//!     cargo bench --bench call_overhead

use std::mem::MaybeUninit;
use std::os::raw::{c_int, c_long};
use std::ptr;

use cnn::{Compile, Dense, Device, Loss, Net, Optimizer, RunOptions, Samples, Vector, View};
use cnn_sys as sys;

/// Of Linux.
#[repr(C)]
struct Timespec {
    seconds: c_long,
    nanoseconds: c_long,
}

const CLOCK_THREAD_CPUTIME_ID: c_int = 3;

extern "C" {
    fn clock_gettime(clock: c_int, time: *mut Timespec) -> c_int;
}

fn cpu_nanoseconds() -> f64 {
    let mut time = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: the time is valid for the call.
    unsafe { clock_gettime(CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.seconds as f64 * 1e9 + time.nanoseconds as f64
}

const CALLS: usize = 2000;
const ROUNDS: usize = 60;

fn nanoseconds_a_call(call: &mut dyn FnMut()) -> f64 {
    let began = cpu_nanoseconds();
    for _ in 0..CALLS {
        call();
    }
    (cpu_nanoseconds() - began) / CALLS as f64
}

/// Prints both and gives the difference.
fn compare(name: &str, mut c: impl FnMut(), mut rust: impl FnMut()) -> f64 {
    let (mut c_best, mut rust_best) = (f64::MAX, f64::MAX);
    for _ in 0..ROUNDS {
        c_best = c_best.min(nanoseconds_a_call(&mut c));
        rust_best = rust_best.min(nanoseconds_a_call(&mut rust));
    }
    let more = rust_best - c_best;
    println!("{:24} {:9.1} {:9.1} {:9.1}", name, c_best, rust_best, more);
    more
}

fn build(net: &mut Net) {
    let x = net.input("x", &[2]);
    let y = net.dense(x, Dense { name: "d", units: 2, ..Default::default() });
    net.loss(y, Loss::Mse);
}

/// The same net and optimizer in C, which live as long as the program.
struct InC {
    net: *mut sys::cnn_net,
    sgd: *mut sys::cnn_optimizer,
}

impl InC {
    fn new() -> InC {
        let name = b"x\0".as_ptr().cast();
        let spec = b"cpu\0".as_ptr().cast();
        let options = sys::cnn_device_options { threads: 1, ..Default::default() };
        let compile = sys::cnn_compile { max_batch: 1, ..Default::default() };
        let dense = sys::cnn_dense { name: b"d\0".as_ptr().cast(), units: 2, ..Default::default() };
        let loss = sys::cnn_loss { kind: sys::CNN_LOSS_MSE, ..Default::default() };
        let mut device = ptr::null_mut();
        // SAFETY: all pointers are valid for the calls.
        unsafe {
            let net = sys::cnn_net_create(ptr::null());
            let x = sys::cnn_net_input(net, name, 1, [2_i64].as_ptr());
            let y = sys::cnn_net_dense(net, x, &dense);
            sys::cnn_net_loss(net, y, &loss);
            let none = ptr::null_mut();
            assert_eq!(sys::cnn_device_open(spec, &options, &mut device, none), 0);
            assert_eq!(sys::cnn_net_compile(net, device, &compile, none), 0);
            sys::cnn_device_destroy(device);
            InC { net, sgd: sys::cnn_optimizer_create(sys::CNN_SGD) }
        }
    }
}

fn view(data: *const f32, elements: i64) -> sys::cnn_view {
    sys::cnn_view { data: data.cast(), elements, ..Default::default() }
}

fn main() {
    let options = cnn::DeviceOptions { threads: 1, ..Default::default() };
    let device = Device::open_with("cpu", options).unwrap();
    let mut net = Net::new();
    build(&mut net);
    net.compile(&device, Compile::default()).unwrap();
    let mut sgd = Optimizer::sgd();
    let in_c = InC::new();
    let (x, t) = ([0.5_f32, -0.5], [0.1_f32, 0.2]);
    let (mut y, mut z) = ([0.0_f32; 2], [0.0_f32; 2]);
    let mut error = MaybeUninit::<sys::cnn_error>::uninit();
    let failed = error.as_mut_ptr();

    println!("nanoseconds of CPU time a call");
    println!("{:24} {:>9} {:>9} {:>9}", "", "C", "Rust", "more");
    let mut worst: f64 = 0.0;
    // SAFETY: all pointers are valid for the calls; so below.
    let more = compare(
        "run",
        || unsafe {
            assert_eq!(sys::cnn_net_run(in_c.net, x.as_ptr(), 2, z.as_mut_ptr(), 2, failed), 0);
        },
        || net.run(&x, &mut y).unwrap(),
    );
    worst = worst.max(more);
    let more = compare(
        "run_many",
        || unsafe {
            let (input, output) = (view(x.as_ptr(), 2), view(z.as_mut_ptr(), 2));
            let options = sys::cnn_run::default();
            let status = sys::cnn_net_run_many(in_c.net, &input, 1, &output, 1, &options, failed);
            assert_eq!(status, 0);
        },
        || {
            let outputs = &mut [(&mut y).into()];
            net.run_many(&[View::from(&x)], outputs, RunOptions::default()).unwrap();
        },
    );
    worst = worst.max(more);
    let more = compare(
        "train_step",
        || unsafe {
            let samples = sys::cnn_samples {
                inputs: x.as_ptr().cast(),
                input_elements: 2,
                targets: t.as_ptr(),
                target_elements: 2,
                ..Default::default()
            };
            let mut loss = 0.0;
            let status = sys::cnn_net_train_step(in_c.net, in_c.sgd, &samples, &mut loss, failed);
            assert_eq!(status, 0);
        },
        || {
            net.train_step(&mut sgd, &Samples::new(&x, &t)).unwrap();
        },
    );
    worst = worst.max(more);
    let mut theta = vec![0.0; net.vector_elements(Vector::Parameters)];
    let mut theta_in_c = theta.clone();
    let more = compare(
        "read_vector",
        || unsafe {
            let (to, n) = (theta_in_c.as_mut_ptr(), theta_in_c.len() as i64);
            let which = sys::CNN_PARAMETERS;
            assert_eq!(sys::cnn_net_get_vector(in_c.net, which, to, n, failed), 0);
        },
        || net.read_vector(Vector::Parameters, &mut theta).unwrap(),
    );
    worst = worst.max(more);
    let more = compare(
        "read_tensor",
        || unsafe {
            let name = b"d/bias\0".as_ptr().cast();
            let (to, which) = (z.as_mut_ptr(), sys::CNN_PARAMETERS);
            assert_eq!(sys::cnn_net_get_tensor(in_c.net, which, name, to, 2, failed), 0);
        },
        || net.read_tensor(Vector::Parameters, "d/bias", &mut y).unwrap(),
    );
    worst = worst.max(more);
    println!("at most {:.0} ns more", worst);
}
