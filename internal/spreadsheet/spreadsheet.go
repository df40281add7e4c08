// Package spreadsheet writes CSV that spreadsheets, R and pandas read: numbers with all
// their digits, and texts that are never taken for formulas.
package spreadsheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Number returns a number with as many digits as identify it; empty if it is NaN or
// infinite.
func Number(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return ""
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// Logical returns a truth value as both R and pandas read it.
func Logical(b bool) string { return strings.ToUpper(strconv.FormatBool(b)) }

// formulaStarts are the characters with which spreadsheets begin a formula, also in their
// full-width forms.
const formulaStarts = "=+-@\t\r＝＋－＠"

// IsNumber reports whether spreadsheets, R and pandas read a field as a decimal number.
func IsNumber(field string) bool {
	if strings.Trim(field, "0123456789+-.eE") != "" {
		return false // Go reads Inf, 0x1p-2 and 1_000, too
	}
	_, err := strconv.ParseFloat(field, 64)
	return err == nil || errors.Is(err, strconv.ErrRange)
}

// guarded returns a field that no spreadsheet takes for a formula. A field that begins with
// one of formulaStarts gets an apostrophe in front, unless it is a number. So does a field
// that begins with an apostrophe, so that a reader gets each text back by removing one.
func guarded(field string) string {
	first, _ := utf8.DecodeRuneInString(field)
	if field == "" || first != '\'' && !strings.ContainsRune(formulaStarts, first) || IsNumber(field) {
		return field
	}
	return "'" + field
}

// Encode returns lines of fields as CSV. A field that begins like a formula is guarded by
// an apostrophe.
func Encode(lines [][]string) ([]byte, error) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	for _, line := range lines {
		fields := make([]string, len(line))
		for i, field := range line {
			fields[i] = guarded(field)
		}
		if err := w.Write(fields); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return out.Bytes(), w.Error()
}
