package tensorboard

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Setting is one setting of a run: a name, and a text or a number.
type Setting struct {
	Name   string
	Text   string
	Number float64 // NaN: Text is the value
}

// Text returns a setting whose value is a text.
func Text(name, value string) Setting { return Setting{Name: name, Text: value, Number: math.NaN()} }

// Number returns a setting whose value is a number.
func Number(name string, value float64) Setting { return Setting{Name: name, Number: value} }

// Settings writes the settings of the run for the HParams page, and that the run has
// ended.
func (w *Writer) Settings(settings ...Setting) error {
	const (
		hparams, startTime = 1, 5         // of SessionStartInfo
		key, value         = 1, 2         // of an entry of a map
		number, text       = 2, 3         // of google.protobuf.Value
		status, endTime    = 1, 2         // of SessionEndInfo
		success            = uint64(1)    // of Status
		sessionStart       = 3            // of HParamsPluginData
		sessionEnd         = 4            // likewise
		prefix             = "_hparams_/" // of the tags
	)
	var start []byte
	for _, s := range settings {
		var v []byte
		if math.IsNaN(s.Number) {
			v = appendText(nil, text, s.Text)
		} else {
			v = appendDouble(nil, number, s.Number)
		}
		start = appendMessage(start, hparams, appendMessage(appendText(nil, key, s.Name), value, v))
	}
	start = appendDouble(start, startTime, w.seconds())
	end := protowire.AppendVarint(protowire.AppendTag(nil, status, protowire.VarintType), success)
	end = appendDouble(end, endTime, w.seconds())
	return w.summary(0, hparamsValue(prefix+"session_start_info", sessionStart, start), hparamsValue(prefix+"session_end_info", sessionEnd, end))
}

// hparamsValue returns a value of a summary that has data for the HParams page only.
func hparamsValue(name string, field protowire.Number, data []byte) []byte {
	const (
		tag, metadata     = 1, 9 // of Summary.Value
		pluginData        = 1    // of SummaryMetadata
		pluginName, bytes = 1, 2 // of PluginData
	)
	content := appendMessage(nil, field, data)
	about := appendMessage(appendText(nil, pluginName, "hparams"), bytes, content)
	return appendMessage(appendText(nil, tag, name), metadata, appendMessage(nil, pluginData, about))
}
