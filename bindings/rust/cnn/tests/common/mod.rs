//! What the tests share: a device, small nets, and data for them.
#![allow(dead_code)]

use cnn::{
    Activation, Compile, Conv2d, Dense, Device, Loss, Net, NetOptions, Pool2d, Samples, View,
};

pub fn cpu() -> Device {
    Device::open("cpu").unwrap()
}

pub const XOR_INPUTS: [f32; 8] = [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
pub const XOR_TARGETS: [f32; 4] = [0.0, 1.0, 1.0, 0.0];

pub fn xor_samples() -> Samples<'static> {
    Samples::new(&XOR_INPUTS, &XOR_TARGETS)
}

/// 2 - 8 - 1 with a loss, not compiled.
pub fn xor_net() -> Net {
    let mut net = Net::with(NetOptions { name: "xor", seed: 1 });
    let x = net.input("x", &[2]);
    let tanh = Activation::Tanh;
    let h = net.dense(x, Dense { units: 8, activation: tanh, ..Default::default() });
    let y = net.dense(h, Dense { units: 1, activation: Activation::Sigmoid, ..Default::default() });
    net.loss(y, Loss::Mse);
    net
}

pub fn compiled(mut net: Net, max_batch: usize) -> Net {
    net.compile(&cpu(), Compile { max_batch, ..Default::default() }).unwrap();
    net
}

/// Pictures of two classes, bright on the left or on the right, 8x8.
pub struct Pictures {
    pub images: Vec<u8>,
    pub labels: Vec<u8>,
}

impl Pictures {
    pub fn new(count: usize) -> Pictures {
        let mut state = 1_u32;
        let mut images = Vec::new();
        let mut labels = Vec::new();
        for i in 0..count {
            let label = i % 2;
            labels.push(label as u8);
            for pixel in 0..64 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let bright = usize::from(pixel % 8 >= 4) == label;
                images.push((state >> 25) as u8 + if bright { 60 } else { 0 });
            }
        }
        Pictures { images, labels }
    }

    pub fn samples(&self) -> Samples<'_> {
        Samples::new(View::from(&self.images).scale(1.0 / 255.0), &self.labels)
    }
}

/// A convolutional net for them.
pub fn picture_net() -> Net {
    let mut net = Net::with(NetOptions { name: "pictures", seed: 3 });
    let x = net.input("image", &[1, 8, 8]);
    let relu = Activation::Relu;
    let conv = Conv2d { filters: 4, kernel: [3, 3], activation: relu, ..Default::default() };
    let h = net.conv2d(x, conv);
    let h = net.max_pool2d(h, Pool2d { window: [2, 2], ..Default::default() });
    let y = net.dense(h, Dense { units: 2, ..Default::default() });
    net.loss(y, Loss::SoftmaxCrossEntropy);
    net
}
