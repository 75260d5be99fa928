//! Matrix forms of convolutions.

mod common;

use cnn::{Conv2d, ConvMatrix, Csr, Dense, Matrix, Net, Node, Order, Status, VecOrder, Vector};
use common::compiled;

#[test]
fn dense_matrices() {
    let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let a = Matrix::new(&values, 2, 3, VecOrder::Rows).unwrap();
    let info = a.info().unwrap();
    assert_eq!((info.rows, info.columns, info.nonzeros, info.sparse), (2, 3, 6, false));
    assert_eq!(a.to_vec(VecOrder::Rows).unwrap(), values);
    assert_eq!(a.to_vec(VecOrder::Columns).unwrap(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    let b = Matrix::new(&values, 3, 2, VecOrder::Columns).unwrap();
    assert_eq!(b.to_vec(VecOrder::Rows).unwrap(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    let square = Matrix::new(&values[..4], 0, 0, VecOrder::Rows).unwrap();
    assert_eq!(square.info().unwrap().rows, 2);
    let mut y = [0.0; 6];
    a.multiply_transposed(&[1.0, 0.0, 0.0, 1.0], &mut y).unwrap();
    assert_eq!(y, values);
    assert!(a.multiply(&[1.0], &mut y).is_err());
    let error = Matrix::new(&values, 2, 2, VecOrder::Rows).unwrap_err();
    assert_eq!(error.status(), Status::ShapeMismatch);
    assert!(Matrix::new(&[], 0, 0, VecOrder::Rows).is_err());
    assert!(format!("{:?}", a).contains("rows: 2"));
}

#[test]
fn sparse_matrices() {
    let csr = Csr {
        row_offsets: vec![0, 1, 1, 3],
        column_indices: vec![2, 0, 1],
        values: vec![5.0, 6.0, 7.0],
    };
    let a = Matrix::from_csr(3, 4, &csr).unwrap();
    assert!(a.info().unwrap().sparse);
    assert_eq!(a.to_csr().unwrap(), csr);
    let mut y = [0.0; 3];
    a.multiply(&[1.0, 2.0, 3.0, 4.0], &mut y).unwrap();
    assert_eq!(y, [15.0, 0.0, 20.0]);
    assert_eq!(Matrix::from_csr(2, 4, &csr).unwrap_err().status(), Status::ShapeMismatch);
    assert_eq!(Matrix::from_csr(usize::MAX, 4, &csr).unwrap_err().status(), Status::ShapeMismatch);
    let wrong = Csr { column_indices: vec![9, 0, 1], ..csr };
    assert!(Matrix::from_csr(3, 4, &wrong).is_err());
}

fn conv_net() -> (Net, Node) {
    let mut net = Net::new();
    let x = net.input("x", &[2, 5, 4]);
    let conv = Conv2d {
        name: "conv",
        filters: 3,
        kernel: [3, 2],
        stride: [2, 1],
        padding: [1, 0, 1, 1],
        bias: false,
        ..Default::default()
    };
    let node = net.conv2d(x, conv);
    (net, node)
}

#[test]
fn a_convolution_is_a_matrix() {
    let (net, node) = conv_net();
    let info = net.convolution(node).unwrap();
    assert_eq!((info.input, info.output, info.kernel), ([2, 5, 4], [3, 3, 4], [3, 2]));
    assert_eq!((info.stride, info.dilation, info.groups), ([2, 1], [1, 1], 1));
    assert_eq!((info.padding, info.patch_rows, info.positions), ([1, 0, 1, 1], 12, 12));

    let x: Vec<f32> = (0..40).map(|i| (i as f32 * 0.3).sin()).collect();
    let mut wanted = vec![0.0; 36];
    let sparse = net.conv_matrix(node, ConvMatrix::default()).unwrap();
    assert!(sparse.info().unwrap().sparse);
    let dense = ConvMatrix { dense: true, ..Default::default() };
    let dense = net.conv_matrix(node, dense).unwrap();
    assert!(!dense.info().unwrap().sparse);
    let patches = net.patches(node, &x).unwrap();
    let p = net.patch_matrix(node, Order::Chw).unwrap();
    let mut by_matrix = vec![0.0; patches.len()];
    p.multiply(&x, &mut by_matrix).unwrap();
    assert_eq!(patches, by_matrix);
    assert!(net.patches(node, &x[1..]).is_err());

    let unrolled = net.unroll_conv2d(node).unwrap();
    assert!(unrolled.find("conv_image").is_some());
    compiled(net, 1).run(&x, &mut wanted).unwrap();
    let (mut a, mut b, mut c) = (vec![0.0; 36], vec![0.0; 36], vec![0.0; 36]);
    sparse.multiply(&x, &mut a).unwrap();
    dense.multiply(&x, &mut b).unwrap();
    compiled(unrolled, 1).run(&x, &mut c).unwrap();
    for i in 0..36 {
        for got in [a[i], b[i], c[i]] {
            assert!((got - wanted[i]).abs() < 1e-5, "{} {}", got, wanted[i]);
        }
    }
}

#[test]
fn and_back() {
    let (mut net, node) = conv_net();
    let weight = net.tensor(Vector::Parameters, "conv/weight").unwrap();
    let matrix = net.conv_matrix(node, ConvMatrix::default()).unwrap();
    let positions = net.conv_positions(node).unwrap();
    assert_eq!(positions.len(), weight.len());
    assert_eq!(positions.iter().sum::<usize>(), matrix.info().unwrap().nonzeros);
    net.set_tensor(Vector::Parameters, "conv/weight", &[0.0; 36]).unwrap();
    let residual = net.set_conv_matrix(node, &matrix, ConvMatrix::default()).unwrap();
    assert!(residual < 1e-6);
    let back = net.tensor(Vector::Parameters, "conv/weight").unwrap();
    assert!(back.iter().zip(&weight).all(|(a, b)| (a - b).abs() < 1e-6));

    let ones = Matrix::new(&[1.0; 36 * 40], 36, 40, VecOrder::Rows).unwrap();
    let error = net.set_conv_matrix(node, &ones, ConvMatrix::default()).unwrap_err();
    assert_eq!(error.status(), Status::OutOfRange);
    let unchecked = ConvMatrix { unchecked: true, order: Order::Hwc, ..Default::default() };
    assert!(net.set_conv_matrix(node, &ones, unchecked).unwrap() > 0.1);
}

#[test]
fn other_nodes_are_refused() {
    let (mut net, node) = conv_net();
    let dense = net.dense(node, Dense { units: 1, ..Default::default() });
    assert_eq!(net.convolution(dense).unwrap_err().status(), Status::InvalidArgument);
    assert!(net.patches(dense, &[0.0]).is_err());
    assert!(net.patch_matrix(dense, Order::Hwc).is_err());
    assert!(net.conv_matrix(dense, ConvMatrix::default()).is_err());
    assert!(net.conv_positions(dense).is_err());
    assert!(net.unroll_conv2d(dense).is_err());
}
