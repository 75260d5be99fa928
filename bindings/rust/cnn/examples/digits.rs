//! Teaches a network to read digits, and tries it on others: the pictures that libcnn's example
//! `digit_data` draws with this machine's fonts, or MNIST's.
//!
//!     cargo run --release --example digits -- DIR [options]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use cnn::{
    Activation, Compile, Conv2d, Dense, Device, Fit, Loss, Net, NetOptions, Node, Optimizer,
    Pool2d, Progress, Samples, Schedule, View,
};

const USAGE: &str = "usage: digits DIR [options]
  DIR            has train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
                 t10k-labels-idx1-ubyte: MNIST's files, or those that digit_data DIR writes
  --device SPEC  cpu, opencl:0.0, ..., or auto (the default)
  --epochs N     default: 6
  --seed S       of initial weights and shuffling (default: 0)
  --save FILE    where the trained model goes";

type Failure = Box<dyn Error>;

struct Options {
    data: PathBuf,
    device: String,
    epochs: usize,
    seed: u64,
    save: Option<PathBuf>,
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Options> {
    let data = PathBuf::from(arguments.next().filter(|data| !data.starts_with('-'))?);
    let mut options = Options { data, device: "auto".into(), epochs: 6, seed: 0, save: None };
    while let Some(name) = arguments.next() {
        let value = arguments.next()?;
        match name.as_str() {
            "--device" => options.device = value,
            "--epochs" => options.epochs = value.parse().ok()?,
            "--seed" => options.seed = value.parse().ok()?,
            "--save" => options.save = Some(value.into()),
            _ => return None,
        }
    }
    Some(options)
}

/// Labelled pictures, a byte a pixel.
struct Pictures {
    images: Vec<u8>,
    labels: Vec<u8>,
    height: usize,
    width: usize,
}

/// An IDX file of bytes: two zeros, the type (8), the number of sizes, each of them in four bytes,
/// and then the data.
fn read_idx(path: &Path, rank: usize) -> Result<(Vec<usize>, Vec<u8>), Failure> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {}", path.display(), error))?;
    let damaged = || format!("{}: no IDX file of {} sizes", path.display(), rank);
    let header = 4 + 4 * rank;
    if bytes.len() < header || bytes[..4] != [0, 0, 8, rank as u8] {
        return Err(damaged().into());
    }
    let sizes: Vec<usize> = bytes[4..header]
        .chunks(4)
        .map(|size| size.iter().fold(0, |value, &byte| value << 8 | usize::from(byte)))
        .collect();
    if sizes.iter().product::<usize>() != bytes.len() - header {
        return Err(damaged().into());
    }
    Ok((sizes, bytes[header..].to_vec()))
}

fn read_pictures(folder: &Path, which: &str) -> Result<Pictures, Failure> {
    let file = |kind| folder.join(format!("{}-{}-ubyte", which, kind));
    let (sizes, images) = read_idx(&file("images-idx3"), 3)?;
    let (_, labels) = read_idx(&file("labels-idx1"), 1)?;
    Ok(Pictures { images, labels, height: sizes[1], width: sizes[2] })
}

impl Pictures {
    /// As the library takes them, bytes scaled to 0..1.
    fn samples(&self) -> Samples<'_> {
        Samples::new(View::from(&self.images).scale(1.0 / 255.0), &self.labels)
    }
}

/// LeNet-5's shape, 6c5-pool-16c5-pool-120-84-10: 44 thousand parameters for 28x28.
fn small_net(height: usize, width: usize, seed: u64) -> Net {
    fn conv(net: &mut Net, input: Node, filters: usize) -> Node {
        let kernel = [5, 5];
        let activation = Activation::Relu;
        let n = net.conv2d(input, Conv2d { filters, kernel, activation, ..Default::default() });
        net.max_pool2d(n, Pool2d { window: [2, 2], ..Default::default() })
    }
    fn dense(net: &mut Net, input: Node, units: usize, activation: Activation) -> Node {
        net.dense(input, Dense { units, activation, ..Default::default() })
    }

    let mut net = Net::with(NetOptions { name: "small", seed });
    let n = net.input("image", &[1, height, width]);
    let n = conv(&mut net, n, 6);
    let n = conv(&mut net, n, 16);
    let n = dense(&mut net, n, 120, Activation::Relu);
    let n = dense(&mut net, n, 84, Activation::Relu);
    let n = dense(&mut net, n, 10, Activation::Linear);
    net.loss(n, Loss::SoftmaxCrossEntropy);
    net
}

/// A line after each epoch.
fn show(p: &Progress<'_>) {
    if p.epoch_ended {
        eprintln!(
            "epoch {}/{}  loss {:.4}  test accuracy {:.4}  {:.0} images/s",
            p.epoch + 1,
            p.epochs,
            p.loss,
            p.validation_accuracy.unwrap_or(f64::NAN),
            p.samples_per_second
        );
    }
}

fn train_and_test(options: &Options) -> Result<(), Failure> {
    let train = read_pictures(&options.data, "train")?;
    let test = read_pictures(&options.data, "t10k")?;
    let device = Device::open(&options.device)?;

    let mut net = small_net(train.height, train.width, options.seed);
    net.compile(&device, Compile { max_batch: 64, ..Default::default() })?;
    let mut adamw = Optimizer::adamw().learning_rate(4e-3)?.weight_decay(0.1)?;
    let validation = test.samples();
    let fit = Fit {
        epochs: options.epochs,
        batch: 64,
        seed: options.seed,
        validation: Some(&validation),
        schedule: Schedule::Cosine { floor: 0.0 },
        ..Default::default()
    };
    let report = net.fit(&mut adamw, &train.samples(), fit, show)?;
    if let Some(path) = &options.save {
        net.save(path)?;
    }

    let info = device.info()?;
    println!(
        "trained in {:.1} s on {} ({}), {:.0} images/s",
        report.seconds, info.spec, info.name, report.samples_per_second
    );
    println!(
        "reads {:.2}% of {} digits that it never saw",
        100.0 * report.validation_accuracy.unwrap_or(f64::NAN),
        test.labels.len()
    );
    Ok(())
}

fn main() {
    let options = parse(std::env::args().skip(1)).unwrap_or_else(|| {
        eprintln!("{}", USAGE);
        std::process::exit(2);
    });
    if let Err(error) = train_and_test(&options) {
        eprintln!("{}", error);
        std::process::exit(1);
    }
}
