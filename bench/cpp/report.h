// What a bench found, row by row: a table for people or, with --json, one JSON object per line for programs.
#pragma once
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "timing.h"

namespace bench {

/// Median and quartiles of what the rounds gave.
struct Spread {
    double median, low, high;

    explicit Spread(std::vector<double> values) {
        std::sort(values.begin(), values.end());
        const size_t quartile = values.size() / 4;
        median = values[values.size() / 2], low = values[quartile], high = values[values.size() - 1 - quartile];
    }
};

/// One column of a row. A spread becomes three members of the JSON object (NAME, NAME_low, NAME_high).
struct Field {
    const char* name;
    std::string text;
    std::vector<double> numbers;

    Field(const char* column, const std::string& value) : name(column), text(value) {}
    Field(const char* column, double value) : name(column), numbers{value} {}
    Field(const char* column, int64_t value) : name(column), numbers{static_cast<double>(value)} {}
    Field(const char* column, const Spread& value) : name(column), numbers{value.median, value.low, value.high} {}
};

class Report {
  public:
    explicit Report(bool json) : json_(json) {}

    /// A line for people only.
    void title(const std::string& text) const {
        if (!json_) std::printf("%s\n", text.c_str());
    }

    void row(const std::vector<Field>& fields) {
        if (json_) {
            print_json(fields);
        } else {
            print_table(fields);
        }
        std::fflush(stdout);
    }

  private:
    static void print_json(const std::vector<Field>& fields) {
        static const char* const kSuffixes[] = {"", "_low", "_high"};
        const char* separator = "{";
        for (const Field& field : fields) {
            if (field.numbers.empty()) {
                std::printf("%s\"%s\": \"%s\"", separator, field.name, field.text.c_str());
                separator = ", ";
            }
            for (size_t i = 0; i < field.numbers.size(); ++i) {
                std::printf("%s\"%s%s\": %.10g", separator, field.name, kSuffixes[i], field.numbers[i]);
                separator = ", ";
            }
        }
        std::printf("}\n");
    }

    void print_table(const std::vector<Field>& fields) {
        std::string header;
        for (const Field& field : fields) header += std::string(field.name) + "\n";
        if (header != header_) {
            header_ = header;
            for (const Field& field : fields) std::printf("%*s", width(field), field.name);
            std::printf("\n");
        }
        for (const Field& field : fields) {
            if (field.numbers.empty()) {
                std::printf("%*s", width(field), field.text.c_str());
            } else {
                std::printf("%*.4g", width(field), field.numbers[0]);
            }
        }
        std::printf("\n");
    }

    static int width(const Field& field) {
        const int least = field.numbers.empty() ? -22 : 11;  // text is flush left
        const int name = static_cast<int>(std::strlen(field.name)) + 2;
        return least < 0 ? least : std::max(least, name);
    }

    const bool json_;
    std::string header_;
};

/// Is `flag` among the arguments? Takes it out, so that a program's own options need not know of it.
inline bool take_flag(int& argc, char** argv, const char* flag) {
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], flag)) continue;
        for (int j = i; j + 1 < argc; ++j) argv[j] = argv[j + 1];
        --argc;
        return true;
    }
    return false;
}

}  // namespace bench
