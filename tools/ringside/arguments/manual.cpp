#include "tools/ringside/arguments/manual.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <vector>

namespace ringside::tool {

namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

// "-q" and "--query", as they are written; those that switch something off, too.
std::vector<std::string> flags_of(const CLI::Option& option) {
  std::vector<std::string> flags;
  for (const std::string& name : option.get_snames()) flags.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) flags.push_back("--" + name);
  return flags;
}

std::vector<std::string> words_after(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::App* command : commands_of(app)) words.push_back(command->get_name());
  for (const CLI::Option* option : app.get_options()) {
    for (std::string& flag : flags_of(*option)) words.push_back(std::move(flag));
  }
  return words;
}

std::string joined(const std::vector<std::string>& words, std::string_view between = " ") {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : std::string(between)) + word;
  return text;
}

// Calls take(path, app) for each command, "alerts" and "alerts list" and so on.
void each_command(const CLI::App& app, const std::string& path,
                  const std::function<void(const std::string&, const CLI::App&)>& take) {
  for (const CLI::App* command : commands_of(app)) {
    const std::string name = path.empty() ? command->get_name() : path + " " + command->get_name();
    take(name, *command);
    each_command(*command, name, take);
  }
}

bool takes_ring(const CLI::App& app) {
  const auto options = app.get_options();
  return std::any_of(options.begin(), options.end(), [](const CLI::Option* option) {
    return option->get_positional() && option->get_name(true) == "ring";
  });
}

// For the inside of '…'.
std::string single_quoted(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out;
}

// A line of roff: backslashes are escaped, and a leading dot or apostrophe is text.
std::string roff(std::string_view text) {
  std::string out;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    line_begins = c == '\n';
  }
  return out;
}

std::string value_of(const CLI::Option& option) {
  if (option.get_expected_max() == 0) return {};
  const std::string type = option.get_type_name();
  return type.empty() ? " VALUE" : " " + type;
}

void manual_of(const CLI::App& app, const std::string& path, std::string& out) {
  out += ".SS \"" + roff(path) + "\"\n" + roff(app.get_description()) + "\n";
  std::string positionals;
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional()) continue;
    const std::string name = option->get_name(true);
    positionals += option->get_required() ? " " + name : " [" + name + "]";
  }
  const bool more = !commands_of(app).empty();
  out += ".PP\n.nf\nringside " + roff(path) + (more ? " [COMMAND]" : "") + " [FLAGS]" +
         roff(positionals) + "\n.fi\n";
  for (const CLI::Option* option : app.get_options()) {
    const std::string name = option->get_positional()
                                 ? option->get_name(true)
                                 : joined(flags_of(*option), ", ") + value_of(*option);
    out += ".TP\n.B " + roff(name) + "\n" + roff(option->get_description());
    if (!option->get_default_str().empty())
      out += " (otherwise " + roff(option->get_default_str()) + ")";
    out += "\n";
  }
  if (!app.get_footer().empty()) out += ".PP\n.nf\n" + roff(app.get_footer()) + ".fi\n";
}

}  // namespace

std::string bash_completion(const CLI::App& program) {
  std::string out =
      "# Completion of ringside for bash. Made by `ringside completion bash`.\n"
      "_ringside() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} path= words= i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case \"${path:+$path }${COMP_WORDS[i]}\" in\n";
  std::string cases;
  std::string rings;
  each_command(program, "", [&](const std::string& path, const CLI::App& app) {
    out += "      '" + path + "') path='" + path + "' ;;\n";
    cases += "    '" + path + "') words='" + joined(words_after(app)) + "' ;;\n";
    if (takes_ring(app)) rings += (rings.empty() ? "'" : " | '") + path + "'";
  });
  out += "    esac\n  done\n  case \"$path\" in\n    '') words='" + joined(words_after(program)) +
         "' ;;\n" + cases + "  esac\n";
  out += "  case \"$path\" in\n    " + rings +
         ")\n"
         "      local ring\n"
         "      for ring in /dev/shm/ringside.*; do\n"
         "        ring=${ring#/dev/shm/ringside.}\n"
         "        # compgen expands words. Anybody may make files there, of any name.\n"
         "        [[ $ring == *[!A-Za-z0-9._-]* ]] || words+=\" $ring\"\n"
         "      done ;;\n  esac\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
         "}\n"
         "complete -o default -F _ringside ringside\n";
  return out;
}

std::string zsh_completion(const CLI::App& program) {
  std::string out =
      "#compdef ringside\n"
      "# Completion of ringside for zsh. Made by `ringside completion zsh`.\n"
      "_ringside() {\n"
      "  local ring_path= i\n"
      "  local -a offered\n"
      "  for ((i = 2; i < CURRENT; i++)); do\n"
      "    case \"${ring_path:+$ring_path }${words[i]}\" in\n";
  std::string cases;
  const auto offered = [](const CLI::App& app) {
    std::string list;
    for (const CLI::App* command : commands_of(app))
      list += " '" + command->get_name() + ":" + single_quoted(command->get_description()) + "'";
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& flag : flags_of(*option))
        list += " '" + flag + ":" + single_quoted(option->get_description()) + "'";
    }
    return list;
  };
  each_command(program, "", [&](const std::string& path, const CLI::App& app) {
    out += "      '" + path + "') ring_path='" + path + "' ;;\n";
    cases += "    '" + path + "') offered=(" + offered(app) + " )";
    if (takes_ring(app)) cases += "; compadd -- /dev/shm/ringside.*(N:s,/dev/shm/ringside.,,)";
    cases += " ;;\n";
  });
  out += "    esac\n  done\n  case \"$ring_path\" in\n    '') offered=(" + offered(program) +
         " ) ;;\n" + cases +
         "  esac\n"
         "  _describe ringside offered\n"
         "  _files\n"
         "}\n"
         "_ringside \"$@\"\n";
  return out;
}

std::string manual_page(const CLI::App& program, const std::string& version) {
  std::string out =
      ".TH RINGSIDE 1 \"\" \"ringside " + roff(version) +
      "\" \"Ringside\"\n.SH NAME\nringside \\- looks into the rings of traced servers\n"
      ".SH SYNOPSIS\n.B ringside\n.I COMMAND\n[FLAGS] ...\n.SH DESCRIPTION\n" +
      roff(program.get_description()) + "\n.SH COMMANDS\n";
  each_command(program, "",
               [&](const std::string& path, const CLI::App& app) { manual_of(app, path, out); });
  out +=
      ".SH EXIT STATUS\n0 done, 1 failed (the reason is on standard error), 2 wrong usage.\n"
      ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nNo colours, if it is set to anything.\n"
      ".SH FILES\n.TP\n.B /dev/shm/ringside.NAME\nThe ring of that name. After a crash and a new "
      "start the former one is NAME.previous.\n"
      ".SH SEE ALSO\nringsided(8)\n";
  return out;
}

}  // namespace ringside::tool
