package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"
)

// odd are texts that YAML, shells and other programs read in ways of their own.
var odd = []string{
	"0", "7", "010", "017", "00014", "0x10", "0o17", "0b11", "1_000", "1__0", "_1", "7.0", "2.0", "1e3", "1E3", "1e-3", ".5", "5.", "+7", "-0", "-0.0",
	".inf", "-.Inf", ".nan", "inf", "Infinity", "NaN", "1:30", "190:20:30", "2021-01-01", "2001-12-14t21:59:43.10-05:00",
	"true", "True", "TRUE", "t", "yes", "no", "on", "off", "y", "n", "~", "null", "Null", "NULL", "<<", "=", "0,3", "30%",
	"18446744073709551615", "18446744073709551616", "9007199254740993.0", "1e400", "1e99999999999999999999", "0x1p-2", strings.Repeat("1", 400),
	"#3", "'q'", `"q"`, `"a,b"`, "[1", "[1,2]", "[[1]]", "1,2,", ",", "1,,2", "a: b", "x:", "- x", "*x", "&x", "!x", "!!str 7", "%x", "@x", "`x", "{a}", "{a: 1}", "? x", "| x", "> x",
	"\u65e5\u672c", "\u00a07", "a\tb", `C:\data`, "~/x", "~x", "a\x01b", "\u0085x", "\u2028x", "a\nb", "a\n\nb ", "a\r\nb", "caf\xe9", "\ufeff7", "x #y", "none", "1=0", "cutmix(alpha=0.2)",
}

// writtenText returns a text for a key: of a value that it allows, an odd one, or any.
func writtenText(t *rapid.T, key Key) string {
	number := rapid.Map(rapid.Float64Range(-2, 300), number)
	value := func() string {
		switch {
		case len(key.Oneof) > 0:
			return rapid.SampledFrom(key.Oneof).Draw(t, "word")
		case scalarName(key.scalar()) == "text":
			return rapid.String().Draw(t, "string")
		case key.kind() == "true or false":
			return fmt.Sprint(rapid.Bool().Draw(t, "truth"))
		default:
			return rapid.OneOf(number, rapid.Map(rapid.IntRange(-2, 300), func(i int) string { return fmt.Sprint(i) })).Draw(t, "number")
		}
	}
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		return rapid.SampledFrom(odd).Draw(t, "odd")
	case 1:
		if key.isList() {
			return strings.Join(rapid.SliceOfN(rapid.Custom(func(*rapid.T) string { return value() }), 1, 4).Draw(t, "elements"), ",")
		}
		return value()
	case 2:
		return rapid.SampledFrom(odd).Draw(t, "beginning") + value()
	default:
		return value()
	}
}

// yamlDocument returns a YAML document with a key and a text, in one of YAML's styles,
// indented by some spaces.
func yamlDocument(t *rapid.T, key, value, indent string) string {
	styles := []yaml.Style{0, yaml.SingleQuotedStyle, yaml.DoubleQuotedStyle}
	if value == strings.Join(strings.Fields(value), " ") { // the encoder writes other blocks that cannot be read
		styles = append(styles, yaml.LiteralStyle, yaml.FoldedStyle)
	}
	style := rapid.SampledFrom(styles).Draw(t, "style")
	scalar := &yaml.Node{Kind: yaml.ScalarNode, Value: value, Style: style}
	text, err := yaml.Marshal(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: key}, scalar}})
	require.NoError(t, err)
	return indent + strings.ReplaceAll(strings.TrimSuffix(string(text), "\n"), "\n", "\n"+indent) + "\n"
}

// outcome is a parsed value, or the reason why there is none.
func outcome(value any, err error) string {
	var f *fault
	switch {
	case errors.As(err, &f):
		return "refused: " + f.reason
	case err != nil:
		return "refused: " + err.Error()
	default:
		return fmt.Sprintf("%T %#v", value, value)
	}
}

// ofEntries returns the outcome of the only entry of a source.
func ofEntries(entries []entry, err error) string {
	if err != nil {
		return outcome(nil, err)
	}
	_, value, err := entries[0].resolve()
	return outcome(value, err)
}

// ofSweep returns the outcome of the setting that a sweep file has.
func ofSweep(text []byte, of func(f *sweepFile) any) string {
	f, err := readSweep(text, "s")
	if err != nil {
		return outcome(nil, err)
	}
	return outcome(of(f), nil)
}

// Files, presets, sweeps, the environment, --set and flags give the same text the same
// value, or refuse it for the same reason, for every key and however YAML quotes it.
func TestAllSourcesAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SampledFrom(declared()).Draw(t, "key")
		value := writtenText(t, key)
		want := ofEntries(setEntries([]string{key.Name + "=" + value}))
		if value != "" { // an empty variable counts as not set
			require.Equal(t, want, ofEntries(environEntries([]string{key.Env[0] + "=" + value})), "environment")
		}
		if key.Flag != "" {
			set := pflag.NewFlagSet("", pflag.ContinueOnError)
			flags := AddFlags(set, "")
			require.NoError(t, set.Parse([]string{"--" + key.Flag + "=" + value}))
			require.Equal(t, want, ofEntries(flagEntries(flags.Options(nil).Flags), nil), "flag")
		}
		if value == "" || strings.Contains(value, "\r") { // YAML has no plain empty text, and its own line ends
			return
		}
		document := yamlDocument(t, key.Name, value, "")
		require.Equal(t, want, ofEntries(yamlEntries([]byte(document), "x")), "%s", document)
		for head, of := range map[string]func(f *sweepFile) any{
			"base:\n":             func(f *sweepFile) any { _, value, _ := f.base[0].resolve(); return value },
			"presets:\n quick:\n": func(f *sweepFile) any { _, value, _ := f.presets["quick"][0].resolve(); return value },
			"list:\n-\n":          func(f *sweepFile) any { return f.list[0].settings[0].value },
		} {
			document := "name: s\n" + head + yamlDocument(t, key.Name, value, "  ")
			require.Equal(t, want, ofSweep([]byte(document), of), "%s", document)
		}
	})
}

// A list of a file and a list of the command line with the same elements are equal.
func TestListsOfAllSourcesAgree(t *testing.T) {
	var lists []Key
	for _, key := range declared() {
		if key.isList() {
			lists = append(lists, key)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SampledFrom(lists).Draw(t, "key")
		elements := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string { return strings.TrimSpace(writtenText(t, key)) }), 1, 4).Draw(t, "elements")
		for _, element := range elements {
			if element == "" || strings.ContainsAny(element, "\r\n") {
				t.Skip("YAML has no plain empty text, and its own line ends")
			}
		}
		want := ofEntries(setEntries([]string{key.Name + "=" + joinList(elements)}))
		sequence := &yaml.Node{Kind: yaml.SequenceNode, Style: rapid.SampledFrom([]yaml.Style{0, yaml.FlowStyle}).Draw(t, "style")}
		for _, element := range elements {
			style := rapid.SampledFrom([]yaml.Style{0, yaml.SingleQuotedStyle, yaml.DoubleQuotedStyle}).Draw(t, "quotes")
			sequence.Content = append(sequence.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: element, Style: style})
		}
		list, err := yaml.Marshal(sequence)
		require.NoError(t, err)
		indented := "\n  " + strings.ReplaceAll(strings.TrimSpace(string(list)), "\n", "\n  ") + "\n"
		require.Equal(t, want, ofEntries(yamlEntries([]byte(key.Name+":"+indented), "x")), "%s", list)
		document := "name: s\ngrid:\n " + key.Name + ":\n -" + indented
		require.Equal(t, want, ofSweep([]byte(document), func(f *sweepFile) any { return f.grid[0][0].value }), "%s", document)
	})
}
