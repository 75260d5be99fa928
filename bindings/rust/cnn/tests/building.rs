//! Every layer, every field of its descriptor, and the mistakes of building.

mod common;

use cnn::{
    Activate, Activation, BatchNorm, Compile, Connect, Connections, Conv2d, Dense, Dropout,
    GradientCheck, Initializer, Loss, LossOptions, Net, NetOptions, Node, PaddingMode, Pool2d,
    RadialBasis, RadialFunction, Reshape, Samples, Status, Subsample2d, Vector, View,
    WeightedSubsample2d,
};
use common::{compiled, cpu};

/// Adds one layer on a [2, 6, 6] input, then compiles, runs and checks the gradient.
fn check_layer(shape: &[usize], add: impl FnOnce(&mut Net, Node) -> Node) {
    let mut net = Net::with(NetOptions { seed: 5, ..Default::default() });
    let x = net.input("x", &[2, 6, 6]);
    let node = add(&mut net, x);
    let got = net.node(node).unwrap_or_else(|_| panic!("{:?}", net.check()));
    assert_eq!(got.shape, shape, "{}", got.kind);
    let y = net.dense(node, Dense { units: 2, ..Default::default() });
    net.loss(y, Loss::HalfMse);
    let mut net = compiled(net, 3);

    let inputs: Vec<f32> = (0..3 * 72).map(|i| (i as f32 * 0.37).sin()).collect();
    let targets: Vec<f32> = (0..6).map(|i| (i as f32 * 0.7).cos()).collect();
    let mut outputs = [0.0; 6];
    net.run(&inputs, &mut outputs).unwrap();
    assert!(outputs.iter().all(|y| y.is_finite()), "{}", got.kind);
    let check = GradientCheck { entries: 50, tolerance: 5e-3, ..Default::default() };
    let report = net.check_gradient(&Samples::new(&inputs, &targets), check).unwrap();
    assert!(report.entries > 0 && report.directions > 0, "{:?}", report);
}

#[test]
fn conv2d() {
    check_layer(&[3, 4, 4], |net, x| {
        net.conv2d(x, Conv2d { filters: 3, kernel: [3, 3], ..Default::default() })
    });
    check_layer(&[4, 3, 3], |net, x| {
        net.conv2d(
            x,
            Conv2d {
                name: "all",
                filters: 4,
                kernel: [3, 2],
                stride: [2, 2],
                dilation: [1, 2],
                padding: [1, 0, 1, 2],
                padding_mode: PaddingMode::Explicit,
                groups: 2,
                bias: false,
                activation: Activation::LeakyRelu(0.1),
                initializer: Initializer::Uniform,
                initializer_scale: 0.3,
                connections: None,
                exact: false,
            },
        )
    });
    check_layer(&[3, 6, 6], |net, x| {
        let mode = PaddingMode::Same;
        net.conv2d(
            x,
            Conv2d { filters: 3, kernel: [5, 0], padding_mode: mode, ..Default::default() },
        )
    });
}

#[test]
fn connections() {
    fn conv(connections: Connections<'_>) -> Conv2d<'_> {
        let connections = Some(connections);
        Conv2d { filters: 2, kernel: [3, 3], connections, ..Default::default() }
    }
    let connect = |connect| Connections { connect, ..Default::default() };
    check_layer(&[2, 4, 4], |net, x| net.conv2d(x, conv(connect(Connect::Single))));
    check_layer(&[2, 4, 4], |net, x| {
        net.conv2d(x, conv(connect(Connect::Random { fan_in: 1, seed: 7 })))
    });
    check_layer(&[2, 4, 4], |net, x| {
        let pairs = [(0, 0), (1, 0), (1, 1)];
        let sizes = [(3, 3), (2, 2), (1, 3)];
        let connections = Connections {
            connect: Connect::Custom(&pairs),
            kernel_sizes: &sizes,
            ..Default::default()
        };
        let node = net.conv2d(x, conv(connections));
        assert_eq!(net.node(node).unwrap().parameters, 9 + 4 + 3 + 2);
        node
    });
    check_layer(&[2, 4, 4], |net, x| {
        let connections = Connections { shared_kernel: true, ..Default::default() };
        net.conv2d(x, conv(connections))
    });
    check_layer(&[2, 4, 4], |net, x| {
        let sizes = [(3, 3), (2, 2)];
        let connections =
            Connections { kernel_sizes: &sizes, kernel_sizes_by_map: true, ..Default::default() };
        net.conv2d(x, conv(connections))
    });
}

#[test]
fn dense() {
    check_layer(&[5], |net, x| {
        net.dense(
            x,
            Dense {
                name: "d",
                units: 5,
                bias: false,
                activation: Activation::Gelu,
                initializer: Initializer::Normal,
                initializer_scale: 0.1,
            },
        )
    });
}

#[test]
fn pools() {
    let pool = Pool2d { window: [2, 2], ..Default::default() };
    check_layer(&[2, 3, 3], |net, x| net.max_pool2d(x, pool));
    check_layer(&[2, 3, 3], |net, x| net.average_pool2d(x, pool));
    let padded = Pool2d {
        window: [3, 3],
        stride: [2, 2],
        padding: [1, 1, 0, 0],
        ceil_mode: true,
        include_padding: true,
        ..Default::default()
    };
    check_layer(&[2, 3, 3], |net, x| net.average_pool2d(x, padded));
    check_layer(&[2, 1, 1], |net, x| net.global_average_pool2d(x, "mean"));
}

#[test]
fn subsampling() {
    check_layer(&[2, 3, 3], |net, x| {
        let tanh = Activation::Tanh;
        let layer = WeightedSubsample2d { factor: [2, 2], activation: tanh, ..Default::default() };
        net.weighted_subsample2d(x, layer)
    });
    check_layer(&[3, 3, 2], |net, x| {
        let layer = WeightedSubsample2d {
            filters: 3,
            factor: [2, 3],
            connections: Some(Connections::default()),
            bias: false,
            ..Default::default()
        };
        net.weighted_subsample2d(x, layer)
    });
    check_layer(&[2, 3, 2], |net, x| {
        net.subsample2d(x, Subsample2d { factor: [2, 3], ..Default::default() })
    });
}

#[test]
fn radial_basis() {
    for function in [
        RadialFunction::Gaussian,
        RadialFunction::Unsquared,
        RadialFunction::Multiquadric,
        RadialFunction::InverseMultiquadric,
        RadialFunction::InverseQuadratic,
        RadialFunction::Distance,
    ] {
        check_layer(&[4], |net, x| {
            net.radial_basis(
                x,
                RadialBasis { units: 4, function, beta: 0.05, ..Default::default() },
            )
        });
    }
}

#[test]
fn shapes_and_sums() {
    check_layer(&[72], |net, x| net.flatten(x, ()));
    check_layer(&[8, 9], |net, x| net.reshape(x, &[8, 9]));
    check_layer(&[8, 9], |net, x| net.reshape(x, Reshape { name: "r", shape: &[8, 9] }));
    check_layer(&[2, 6, 6], |net, x| net.softmax(x, ()));
    check_layer(&[2, 6, 6], |net, x| net.dropout(x, 0.5));
    check_layer(&[2, 6, 6], |net, x| net.dropout(x, Dropout { name: "d", rate: 0.1 }));
    check_layer(&[2, 6, 6], |net, x| {
        let h = net.activation(x, Activation::Tanh);
        net.add(&[x, h], Activate { name: "sum", activation: Activation::Softsign })
    });
    check_layer(&[4, 6, 6], |net, x| {
        let h = net.activation(x, Activate { name: "a", activation: Activation::Sigmoid });
        net.concat(&[x, h], "both")
    });
    check_layer(&[2, 6, 6], |net, x| net.add(&[x, x], ()));
}

#[test]
fn batch_norm() {
    check_layer(&[2, 6, 6], |net, x| net.batch_norm(x, BatchNorm::default()));
    check_layer(&[2, 6, 6], |net, x| {
        let node = net.batch_norm(
            x,
            BatchNorm {
                name: "n",
                momentum: 0.0,
                epsilon: 1e-3,
                scale: false,
                shift: true,
                activation: Activation::Silu,
            },
        );
        assert_eq!(net.node(node).unwrap().parameters, 2);
        node
    });
}

#[test]
fn every_activation() {
    for activation in [
        Activation::Linear,
        Activation::Relu,
        Activation::LeakyRelu(0.2),
        Activation::LeakyRelu(0.0),
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::ScaledTanh,
        Activation::Elu(1.0),
        Activation::Elu(0.0),
        Activation::Gelu,
        Activation::Silu,
        Activation::SoftLogistic,
        Activation::Softsign,
        Activation::Algebraic,
    ] {
        check_layer(&[2, 6, 6], |net, x| net.activation(x, activation));
    }
}

/// A slope of zero is zero, not the default.
#[test]
fn zero_is_zero() {
    let run = |activation| {
        let mut net = Net::new();
        let x = net.input("x", &[1]);
        net.activation(x, activation);
        let mut net = compiled(net, 1);
        let mut y = [0.0];
        net.run(&[-2.0], &mut y).unwrap();
        y[0]
    };
    assert_eq!(run(Activation::LeakyRelu(0.0)), 0.0);
    assert_eq!(run(Activation::LeakyRelu(0.5)), -1.0);
    assert_eq!(run(Activation::Elu(0.0)), 0.0);
    assert!((run(Activation::Elu(1.0)) - ((-2.0_f32).exp() - 1.0)).abs() < 1e-6);
}

#[test]
fn every_initializer() {
    for initializer in [
        Initializer::Default,
        Initializer::He,
        Initializer::Xavier,
        Initializer::Uniform,
        Initializer::Normal,
        Initializer::Constant,
    ] {
        let mut net = Net::new();
        let x = net.input("x", &[4]);
        let scale = 0.25;
        net.dense(
            x,
            Dense {
                name: "d",
                units: 3,
                initializer,
                initializer_scale: scale,
                ..Default::default()
            },
        );
        let weight = net.tensor(Vector::Parameters, "d/weight").unwrap();
        assert!(weight.iter().any(|&w| w != 0.0));
        if initializer == Initializer::Constant {
            assert!(weight.iter().all(|&w| w == scale));
        }
    }
}

#[test]
fn every_loss() {
    for (loss, probabilities) in [
        (Loss::SoftmaxCrossEntropy, false),
        (Loss::SigmoidCrossEntropy, false),
        (Loss::Mse, false),
        (Loss::HalfMse, false),
        (Loss::SumOfSquares, false),
        (Loss::BinaryCrossEntropy, true),
        (Loss::CrossEntropy, true),
    ] {
        let mut net = Net::new();
        let x = net.input("x", &[3]);
        let activation = if probabilities { Activation::Sigmoid } else { Activation::Linear };
        let y = net.dense(x, Dense { units: 3, activation, ..Default::default() });
        net.loss(y, loss);
        let mut net = compiled(net, 2);
        let targets = [0.2, 0.5, 0.3, 0.1, 0.1, 0.8];
        let samples = Samples::new(&[0.1, 0.2, 0.3, 0.4, 0.5, 0.6], &targets);
        assert!(net.evaluate(&samples).unwrap().loss > 0.0, "{:?}", loss);
    }
}

#[test]
fn losses_with_options_sum_by_weight() {
    let loss_of = |losses: &[LossOptions<'_>]| {
        let mut net = Net::new();
        let x = net.input("x", &[2]);
        for &loss in losses {
            net.loss(x, loss);
        }
        let mut net = compiled(net, 1);
        let targets = [0.0_f32, 0.0];
        let views = vec![View::from(&targets); losses.len()];
        let inputs = [1.0_f32, 2.0];
        net.evaluate(&Samples::new(&inputs, &views)).unwrap().loss
    };
    let plain = LossOptions::from(Loss::SumOfSquares);
    assert_eq!(loss_of(&[plain]), 5.0);
    assert_eq!(loss_of(&[LossOptions { weight: 0.5, ..plain }]), 2.5);
    assert_eq!(loss_of(&[LossOptions { average_outputs: true, ..plain }]), 2.5);
    assert_eq!(loss_of(&[LossOptions { output_weights: &[1.0, 0.25], ..plain }]), 2.0);
    let named = LossOptions { name: "second", weight: 0.0, ..plain };
    assert_eq!(loss_of(&[plain, named]), 5.0);
}

#[test]
fn the_first_mistake_is_kept() {
    let mut net = Net::new();
    let x = net.input("x", &[2]);
    assert!(net.check().is_ok());
    let bad = net.dense(x, Dense { name: "bad", ..Default::default() });
    assert_eq!(bad.index(), None);
    let next = net.dense(bad, Dense { units: 1, ..Default::default() });
    net.loss(next, Loss::Mse);
    net.conv2d(x, Conv2d::default());

    let error = net.compile(&cpu(), Compile::default()).map(|_| ()).unwrap_err();
    assert_eq!(error.message(), net.check().unwrap_err().message());
    assert!(error.to_string().contains("\"bad\""), "{}", error);
    assert!(error.to_string().contains("units is 0"), "{}", error);
}

/// Mistakes that are found before the library sees them are kept just like the others.
#[test]
fn mistakes_on_this_side_are_kept() {
    let slope = Activation::LeakyRelu(-0.5);
    let mut net = Net::new();
    let x = net.input("x", &[2]);
    let bad = net.activation(x, Activate { name: "leaky", activation: slope });
    net.dense(bad, Dense { units: 0, ..Default::default() });
    let error = net.check().unwrap_err();
    assert_eq!(error.status(), Status::InvalidArgument);
    assert_eq!(
        error.to_string(),
        "add activation \"leaky\": the slope of LeakyRelu is -0.5, but must be >= 0"
    );
    assert!(net.compile(&cpu(), Compile::default()).is_err());
    assert_eq!(net.try_clone().unwrap_err().message(), error.message());

    let mut net = Net::new();
    let x = net.input("x", &[2]);
    net.dense(x, Dense { name: "a\0b", units: 1, ..Default::default() });
    assert!(net.check().unwrap_err().message().contains("zero byte"), "{:?}", net.check());
    assert!(Net::with(NetOptions { name: "\0", seed: 0 }).check().is_err());

    // A mistake that the library saw first stays the first.
    let mut net = Net::new();
    let x = net.input("x", &[2]);
    net.dense(x, Dense::default());
    net.activation(x, slope);
    assert!(net.check().unwrap_err().message().contains("units"));
}

#[test]
fn outputs_are_declared_until_compile() {
    let mut net = Net::new();
    let x = net.input("x", &[2]);
    let h = net.dense(x, Dense { name: "h", units: 3, ..Default::default() });
    let y = net.dense(h, Dense { name: "y", units: 1, ..Default::default() });
    let loss = net.loss(y, Loss::Mse);
    assert!(net.output(loss).is_err());
    net.output(y).unwrap();
    net.output(h).unwrap();
    let mut net = compiled(net, 1);
    let places = [x, h, y, loss].map(|node| net.node(node).unwrap().output);
    assert_eq!(places, [None, Some(1), Some(0), None]);
    assert_eq!(net.output(x).unwrap_err().status(), Status::BadState);
    // Adding after compile is no mistake that stays.
    assert_eq!(net.dense(y, Dense { units: 1, ..Default::default() }).index(), None);
    assert!(net.run(&[1.0, 2.0], &mut [0.0]).is_ok());
}

#[test]
fn nodes_are_described() {
    let net = common::picture_net();
    assert_eq!(net.node_count(), 5);
    let nodes = net.nodes().unwrap();
    assert_eq!(nodes[1].name, "conv2d_1");
    assert_eq!(nodes[1].kind, "conv2d");
    assert_eq!(nodes[1].shape, [4, 6, 6]);
    assert_eq!(nodes[1].elements(), 144);
    assert_eq!(nodes[1].inputs, [nodes[0].node]);
    assert_eq!(nodes[1].input_count, 1);
    assert_eq!(nodes[1].parameters, 40);
    assert_eq!(net.find("conv2d_1"), Some(nodes[1].node));
    assert_eq!(net.find("nothing"), None);
    assert_eq!(net.find("zero\0"), None);
    assert!(net.summary().unwrap().contains("conv2d_1"));
    assert_eq!(net.summary().unwrap(), net.to_string());
    assert_eq!(format!("{:?}", net), "Net { nodes: 5, .. }");
    // A node of a larger net isn't in a smaller one.
    assert!(Net::new().node(nodes[1].node).is_err());
}
