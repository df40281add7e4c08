package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// generatedFile is the name of gotch's generated C++ file, which has one extern "C" function for each operator of libtorch.
const generatedFile = "torch_api_generated.cpp.h"

// functionHead returns the return type and the name of a function in the generated source, from its first line, such as
// "tensor *atg_chunk(tensor self) {". ok is false for any other line.
func functionHead(line string) (result, name string, ok bool) {
	before, _, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "(")
	if !ok || !strings.HasSuffix(strings.TrimSpace(line), ") {") || strings.HasPrefix(line, " ") {
		return "", "", false
	}
	space := strings.LastIndexAny(before, " *")
	if space < 0 {
		return "", "", false
	}
	return strings.TrimSpace(before[:space+1]), before[space+1:], true
}

// stubFunctions returns the generated C++ source with other bodies of the named functions, which do not compile against this libtorch.
// The new bodies report through gotch's own PROTECT macro that the function is missing. A name that is not found is an error.
func stubFunctions(source string, names []string) (string, error) {
	left := map[string]bool{}
	for _, n := range names {
		left[n] = true
	}
	var out strings.Builder
	inStub := false
	for line := range strings.Lines(source) {
		if inStub {
			inStub = line != "}\n"
			continue
		}
		out.WriteString(line)
		result, name, ok := functionHead(line)
		if !ok || !left[name] {
			continue
		}
		delete(left, name)
		inStub = true
		fmt.Fprintf(&out, "  PROTECT(\n    throw std::runtime_error(\"%s: not in this libtorch\");\n  )\n", name)
		if result != "void" {
			out.WriteString("  return {};\n")
		}
		out.WriteString("}\n")
	}
	if len(left) > 0 || inStub {
		return "", fmt.Errorf("adapting gotch: not found, or not complete, in %s: %s", generatedFile, strings.Join(sortedKeys(left), ", "))
	}
	return out.String(), nil
}

// failingFunctions returns the names of the functions of the generated source in which g++ found errors, from its messages
// "file:line:column: error: text". An error in any other file cannot be repaired and is returned.
func failingFunctions(source, messages string) ([]string, error) {
	lines := strings.Split(source, "\n")
	names := map[string]bool{}
	for message := range strings.Lines(messages) {
		place, _, isError := strings.Cut(message, "error: ")
		if !isError {
			continue
		}
		_, after, inGenerated := strings.Cut(place, generatedFile+":")
		number, _, _ := strings.Cut(after, ":")
		n, err := strconv.Atoi(number)
		if !inGenerated || err != nil || n > len(lines) {
			return nil, fmt.Errorf("gotch does not compile against this libtorch: %s", strings.TrimSpace(message))
		}
		name := enclosingFunction(lines[:n])
		if name == "" {
			return nil, fmt.Errorf("gotch does not compile against this libtorch: %s", strings.TrimSpace(message))
		}
		names[name] = true
	}
	return sortedKeys(names), nil
}

// enclosingFunction returns the name of the last function that begins in lines, or "" if none does.
func enclosingFunction(lines []string) string {
	for _, line := range slices.Backward(lines) {
		if _, name, ok := functionHead(line); ok {
			return name
		}
	}
	return ""
}

// sortedKeys returns the keys of m in order.
func sortedKeys(m map[string]bool) []string { return slices.Sorted(maps.Keys(m)) }

// rewriteCgo returns gotch's libtch/lib.go with #cgo lines for l, instead of lines for a libtorch inside the module and for
// /usr/local/cuda. -O1 without debug information halves the time to compile. It makes no difference at run time, since the wrappers are
// thin.
func rewriteCgo(source string, l libtorch) (string, error) {
	var out strings.Builder
	found := 0
	for line := range strings.Lines(source) {
		if strings.HasPrefix(line, "// #cgo ") {
			found++
			continue
		}
		if strings.HasPrefix(line, `import "C"`) {
			fmt.Fprintf(&out, "// #cgo CFLAGS: -g0 -w\n")
			fmt.Fprintf(&out, "// #cgo CXXFLAGS: -std=c++17 -O1 -g0 -w %s\n", join(l.includeFlags()))
			fmt.Fprintf(&out, "// #cgo LDFLAGS: %s\n", join(l.linkFlags()))
		}
		out.WriteString(line)
	}
	if found == 0 || !strings.Contains(out.String(), "// #cgo LDFLAGS:") {
		return "", fmt.Errorf("adapting gotch: libtch/lib.go has no #cgo lines before import \"C\"")
	}
	return out.String(), nil
}
