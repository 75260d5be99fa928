// Runs a copy of the net up to a radial basis layer, and clusters what comes there.
#include "train/init_radial_basis.h"

#include <algorithm>
#include <cmath>

#include "base/fpenv.h"
#include "base/text.h"
#include "layers/radial_basis.h"
#include "train/clusters.h"
#include "train/copy.h"

namespace cnn {

namespace {

constexpr const char *kOperation = "init radial basis";
constexpr int kIterations = 10;
// More than this at once gains nothing.
constexpr int64_t kLargestBatch = 256;

const Node &radial_node(const Net &net, const char *name, int32_t &id) {
    id = net.find(name);
    if (id < 0) fail(Status::not_found, text(kOperation, ": the net has no node \"", name, "\""));
    const Node &node = net.node(id);
    if (node.kind != kRadialBasisKind)
        fail_at(id, Status::invalid_argument,
                text(kOperation, ": ", net.describe(id), " is no ", kRadialBasisKind, " layer"));
    return node;
}

// What node `id` gives for the samples, row by row.
std::vector<float> values_of(Session &session, int32_t id, const cnn_samples &samples) {
    Session copy(session.net().name(), session.net().seed());
    clone_nodes(session, copy);
    copy.hear_cancels_of(session);
    copy.net().add_output(id);
    copy_parameters(session, copy);
    CompileOptions options;
    options.max_batch = std::min(kLargestBatch, session.executable(kOperation).max_batch());
    options.inference_only = true;
    copy.compile(session.executable(kOperation).shared_device(), {}, options);
    const Samples &given = copy.checked(kOperation, samples, false);
    Executable &exe = copy.executable(kOperation);
    const int64_t row = session.net().node(id).shape.elements();
    std::vector<float> values(static_cast<size_t>(given.count() * row));
    for (int64_t first = 0; first < given.count(); first += exe.max_batch()) {
        const int64_t n = std::min(exe.max_batch(), given.count() - first);
        Plan &plan = exe.plan(ProgramKey{}, n);
        given.fill(plan, first, nullptr, exe.ones());
        exe.launch(plan, n, 0);
        read_reals(exe.queue(), plan.output(0), exe.device().real_bytes(),
                   values.data() + first * row, n * row);
    }
    return values;
}

// The width of a cluster is the root of its points' mean squared distance, or half the way to the
// next centre where that is more. There z = exp(-1/2) for the Gaussian.
float log_beta_of(Radial radial, const Clusters &clusters, size_t j) {
    const double squared = std::max(clusters.spread[j], clusters.nearest[j] / 4);
    if (!(squared > 0)) return 0;
    const double width = radial == Radial::unsquared ? std::sqrt(squared) : squared;
    return static_cast<float>(-std::log(2 * width));
}

}  // namespace

void init_radial_basis(Session &session, const char *name, const cnn_samples &samples,
                       uint64_t seed) {
    const DefaultFloatEnvironment environment;
    session.check_own(kOperation);
    session.executable(kOperation);
    int32_t id = -1;
    const Node &node = radial_node(session.net(), name, id);
    const std::vector<float> points = values_of(session, node.inputs[0], samples);
    const int64_t units = node.shape[0];
    const int64_t elements = session.net().node(node.inputs[0]).shape.elements();
    const int64_t n = static_cast<int64_t>(points.size()) / elements;
    if (n < units)
        fail_at(id, Status::out_of_range,
                text(kOperation, ": ", session.net().describe(id), " has ", units,
                     " units, but there are ", n, " samples"));
    if (!std::all_of(points.begin(), points.end(), [](float v) { return std::isfinite(v); }))
        fail_at(id, Status::not_finite,
                text(kOperation, ": the input of ", session.net().describe(id), " isn't finite"));
    const Clusters clusters = find_clusters(points, elements, units, seed, kIterations,
                                            [&] { session.check_cancelled(kOperation); });
    const auto radial = static_cast<Radial>(node.settings.integer("radial"));
    std::vector<float> rho(static_cast<size_t>(units));
    for (size_t j = 0; j < rho.size(); ++j) rho[j] = log_beta_of(radial, clusters, j);
    const auto &tensors = session.net().parameters();
    const NetTensor &centers = tensors[static_cast<size_t>(node.first_parameter)];
    const NetTensor &betas = tensors[static_cast<size_t>(node.first_parameter) + 1];
    session.write(VectorKind::parameters, centers.offset, clusters.centers.data(),
                  units * elements);
    session.write(VectorKind::parameters, betas.offset, rho.data(), units);
}

}  // namespace cnn
