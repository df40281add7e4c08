package table

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/internal/spreadsheet"
	"backfire/internal/visible"
)

// fill sets each string within a value to text, each list and map to one element, and
// each number to 1.
func fill(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Float64:
		v.SetFloat(1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), text)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i), text)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), text)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, text)
		fill(value, text)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	}
}

// filled returns a table in which each text is text.
func filled(text string) *Table {
	made := new(Table)
	fill(reflect.ValueOf(made).Elem(), text)
	made.Width = 60
	return made
}

// hidden matches what no file may hold.
var hidden = regexp.MustCompile(`[\x00-\x08\x0b-\x1f\x7f-\x{9f}\x{200b}\x{2028}\x{202a}-\x{202e}\x{2066}-\x{2069}\x{feff}]`)

// Whatever the texts of a table hold, no form of it has a control character, and each is
// UTF-8. JSON and CSV can still be read, and LaTeX has a label that it can use.
func TestTextsFromOutsideInEachForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text") + rapid.SampledFrom([]string{"", "\x1b[2J", "\u009b1m", "\x7f", "\u202e", "\u2066", "\xff", "\n\\input{x}", "\t", "\r", "\x00"}).Draw(t, "bad")
		made := filled(text)
		for _, format := range Formats() {
			var out bytes.Buffer
			require.NoError(t, made.Write(&out, format))
			require.Equal(t, out.String(), strings.ToValidUTF8(out.String(), "?"), format)
			require.NotRegexp(t, hidden, out.String(), format)
			switch format {
			case FormatJSON:
				var back Table
				require.NoError(t, json.Unmarshal(out.Bytes(), &back))
				require.Equal(t, string([]rune(text)), back.Title, "each byte that is not UTF-8 is the replacement character")
			case FormatLaTeX:
				require.Regexp(t, `\n\\label\{tab:[A-Za-z0-9][A-Za-z0-9._-]*\}\n`, out.String())
			}
		}
		html, err := made.HTML()
		require.NoError(t, err)
		require.NotRegexp(t, hidden, string(html))
	})
}

// No cell of the CSV forms begins a formula, numbers stay numbers, and each text is got
// back by removing one apostrophe.
func TestCellsAreNoFormulas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{"", "=", "+", "-", "@", "\t", "\r", "'", "＝", "-1", "\n="}).Draw(t, "start") + rapid.String().Draw(t, "text")
		made := filled(text)
		for _, format := range []Format{FormatCSV, FormatCellsCSV} {
			var out bytes.Buffer
			require.NoError(t, made.Write(&out, format))
			lines, err := csv.NewReader(&out).ReadAll()
			require.NoError(t, err)
			require.Len(t, lines, 2)
			for _, field := range lines[1] {
				if !spreadsheet.IsNumber(field) {
					require.NotRegexp(t, "^[=+@\t\r＝＋－＠-]", field)
				}
			}
			require.Equal(t, visible.Line(text), strings.TrimPrefix(lines[1][0], "'"))
		}
	})
}
