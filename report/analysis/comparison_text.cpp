// A comparison in words.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/analysis/comparison.h"
#include "report/analysis/labels.h"
#include "report/model/format.h"

namespace ringside::detail {
namespace {

constexpr double kMoreLoad = 1.5;  // may be the whole reason: queues
constexpr std::size_t kNamed = 3;

using OperationKind = ComparedOperation::Kind;

std::string from_to(const ComparedFigure& figure) {
  return fmt::format("{} instead of {}", format_span(figure.now), format_span(figure.then));
}

std::string effect_of(const ComparedFigure& figure) {
  return fmt::format("{:.0f} %", 100 * std::abs(figure.effect));
}

std::string slower_text(const std::string& label, const std::string& past,
                        const ComparedOperation& compared) {
  const ComparedFigure& told = compared.figures[*compared.told];
  const char* word = told.effect > 0 ? "slower" : "faster";
  std::string text;
  if (told.kind == ComparedFigure::Kind::stage) {
    text = fmt::format("{} takes {} {} time in stage {} than it did {}: {} on average", label,
                       effect_of(told), told.effect > 0 ? "more" : "less",
                       escape_visible(told.stage), past, from_to(told));
  } else {
    text = fmt::format("{} is {} {}{} than it was {}: {} {}", label, effect_of(told), word,
                       told.kind == ComparedFigure::Kind::p95 ? " in its tail" : "", past,
                       name_of(told.kind), from_to(told));
  }
  if (compared.by_stage) {
    const ComparedFigure& stage = compared.figures[*compared.by_stage];
    text += fmt::format(", mostly in stage {} ({})", escape_visible(stage.stage), from_to(stage));
  }
  if (told.effect > 0 && compared.load >= kMoreLoad)
    text += fmt::format(", at {} times the calls of its server", format_number(compared.load));
  return text + ".";
}

std::string mix_text(const std::string& label, const std::string& past,
                     const ComparedOperation& compared) {
  return fmt::format(
      "{} has another mix of calls than it had {}: {} take longer than {}, then {}; neither kind "
      "became slower or faster.",
      label, past, format_percent(compared.slow_now), format_span(compared.boundary_ns),
      format_percent(compared.slow_then));
}

std::string failed_text(const std::string& label, const std::string& past,
                        const ComparedFigure& failed) {
  return fmt::format("{} of {} fail; {} it was {}.", format_percent(failed.now), label, past,
                     format_percent(failed.then));
}

// "A by 12 %, B by 30 % and 2 more"
class Names {
 public:
  void add(const std::string& name) {
    if (++count_ <= kNamed) text_ += (text_.empty() ? "" : ", ") + name;
  }
  // Nothing where there is none.
  void append_to(std::string& sentence, const char* what) const {
    if (count_ == 0) return;
    sentence += fmt::format("{}{}: {}", sentence.empty() ? "" : "; ", what, text_);
    if (count_ > kNamed) sentence += fmt::format(" and {} more", count_ - kNamed);
  }

 private:
  std::string text_;
  std::size_t count_ = 0;
};

std::string others_text(const Comparison& comparison) {
  Names slower, mixed, faster, failing, healing;
  for (std::size_t i = 1; i < comparison.operations.size(); ++i) {
    const ComparedOperation& one = comparison.operations[i];
    const std::string name = escape_visible(one.operation);
    const std::string by = one.told ? name + " by " + effect_of(one.figures[*one.told]) : name;
    if (one.kind == OperationKind::slower) slower.add(by);
    if (one.kind == OperationKind::mix_shift) mixed.add(name);
    if (one.kind == OperationKind::faster) faster.add(by);
    if (const ComparedFigure* failed = one.failed())
      (failed->effect > 0 ? failing : healing).add(name);
  }
  std::string text;
  slower.append_to(text, "slower too");
  mixed.append_to(text, "another mix");
  faster.append_to(text, "faster");
  failing.append_to(text, "more of them fail");
  healing.append_to(text, "fewer of them fail");
  if (text.empty()) return "";
  text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text + ".";
}

std::size_t operations_of(const Comparison& comparison, OperationKind kind) {
  std::size_t count = 0;
  for (const ComparedOperation& one : comparison.operations) count += std::size_t{one.kind == kind};
  return count;
}

std::string unchanged_text(const Comparison& comparison, const std::string& past) {
  const std::size_t same = operations_of(comparison, OperationKind::same);
  const std::size_t few = operations_of(comparison, OperationKind::unknown);
  if (same == 0) {
    return fmt::format(
        "Nothing can be compared with what was {}: no operation has {} steps with enough calls in "
        "both spans.",
        past, kComparedSteps);
  }
  std::string text =
      fmt::format("{} no slower and no faster than {} {}, by 10 % at p50 or 20 % at p95.",
                  same == 1 ? "One operation is" : fmt::format("{} operations are", same),
                  same == 1 ? "it was" : "they were", past);
  if (few > 0)
    text += fmt::format(" {} too few calls to compare.",
                        few == 1 ? "Another one has" : fmt::format("{} others have", few));
  return text;
}

}  // namespace

std::string past_label(std::int64_t begin_wall_s, std::int64_t end_wall_s) {
  const auto minute = [](std::int64_t wall_s) {
    std::string text = format_wall(std::max<std::int64_t>(wall_s, 1) * 1'000'000'000).substr(0, 16);
    text[10] = ' ';
    return text;
  };
  const std::string begin = minute(begin_wall_s);
  std::string end = minute(end_wall_s);
  if (end.substr(0, 10) == begin.substr(0, 10)) end = end.substr(11);
  return fmt::format("from {} to {} UTC", begin, end);
}

std::string mix_sentence(const Snapshot& snapshot, const std::string& ring, double then_ns,
                         double now_ns) {
  const std::string of =
      has_several_rings(snapshot) ? fmt::format(" of {}", escape_visible(ring)) : std::string();
  return fmt::format(
      "A call{} takes {} instead of {} on average, as more calls are of slow operations; none of "
      "them became slower.",
      of, format_span(now_ns), format_span(then_ns));
}

void word_operation(const Snapshot& snapshot, const std::string& past,
                    ComparedOperation& compared) {
  const std::string label = label_of(snapshot, compared.operation, compared.ring);
  if (compared.kind == OperationKind::mix_shift) {
    compared.text = mix_text(label, past, compared);
  } else if (compared.told) {
    compared.text = slower_text(label, past, compared);
  }
  if (const ComparedFigure* failed = compared.failed())
    compared.text += (compared.text.empty() ? "" : " ") + failed_text(label, past, *failed);
}

void word_verdict(Comparison& comparison) {
  const std::string past = past_label(comparison.begin_wall_s, comparison.end_wall_s);
  const bool changed = !comparison.operations.empty() && comparison.operations.front().changed();
  comparison.verdict =
      changed ? comparison.operations.front().text : unchanged_text(comparison, past);
  const std::string others = others_text(comparison);
  if (!others.empty()) comparison.verdict += " " + others;
  for (const std::string& mix : comparison.mixes) comparison.verdict += " " + mix;
}

}  // namespace ringside::detail
