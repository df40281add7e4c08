// Package tensorboard writes event files that TensorBoard shows: scalars by
// step, and what a run was made with for its HParams page.
//
// An event file is a sequence of records as TensorFlow's TFRecord format frames
// them, each an Event message in the wire format of Protocol Buffers
// (tensorflow/core/util/event.proto and summary.proto,
// tensorboard/plugins/hparams/plugin_data.proto). Few fields are needed, so they
// are written by number.
package tensorboard

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Writer writes the events of one run. It is not safe for concurrent use.
type Writer struct {
	out io.Writer
	now func() time.Time
}

// Scalar is a value with its name; names with one beginning up to a slash are
// shown together.
type Scalar struct {
	Tag   string
	Value float64
}

// NewWriter begins an event file on out. Events carry the time that now gives.
func NewWriter(out io.Writer, now func() time.Time) (*Writer, error) {
	w := &Writer{out: out, now: now}
	const fileVersion = 3 // of Event
	if err := w.event(0, func(b []byte) []byte { return appendText(b, fileVersion, "brain.Event:2") }); err != nil {
		return nil, err
	}
	return w, nil
}

// Scalars writes values that belong to a step. Those that are not numbers are
// left out.
func (w *Writer) Scalars(step int64, scalars ...Scalar) error {
	const tag, simpleValue = 1, 2 // of Summary.Value
	var values [][]byte
	for _, s := range scalars {
		if math.IsNaN(s.Value) || math.IsInf(s.Value, 0) {
			continue
		}
		b := appendText(nil, tag, s.Tag)
		b = protowire.AppendTag(b, simpleValue, protowire.Fixed32Type)
		values = append(values, protowire.AppendFixed32(b, math.Float32bits(float32(s.Value))))
	}
	return w.summary(step, values...)
}

// summary writes an event with a summary of values; none if there are no values.
func (w *Writer) summary(step int64, values ...[]byte) error {
	if len(values) == 0 {
		return nil
	}
	const summary, value = 5, 1 // of Event, of Summary
	var message []byte
	for _, v := range values {
		message = appendMessage(message, value, v)
	}
	return w.event(step, func(b []byte) []byte { return appendMessage(b, summary, message) })
}

// event writes an event; content appends what it is about.
func (w *Writer) event(step int64, content func([]byte) []byte) error {
	const wallTime, stepField = 1, 2 // of Event
	b := appendDouble(nil, wallTime, w.seconds())
	if step != 0 {
		b = protowire.AppendTag(b, stepField, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(step))
	}
	if err := w.record(content(b)); err != nil {
		return fmt.Errorf("tensorboard: write event: %w", err)
	}
	return nil
}

// seconds is the time since 1970.
func (w *Writer) seconds() float64 { return float64(w.now().UnixNano()) / 1e9 }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is the checksum of the TFRecord format: a CRC32C, rotated and moved so
// that sums over data that hold sums themselves are no worse.
func masked(data []byte) uint32 {
	sum := crc32.Checksum(data, castagnoli)
	return (sum>>15 | sum<<17) + 0xa282ead8
}

// record frames data: its length, the length's checksum, the data, their
// checksum; little-endian, in one write, so that a reader at the same time meets
// whole records.
func (w *Writer) record(data []byte) error {
	b := make([]byte, 0, 16+len(data))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(data)))
	b = binary.LittleEndian.AppendUint32(b, masked(b))
	b = append(b, data...)
	b = binary.LittleEndian.AppendUint32(b, masked(data))
	_, err := w.out.Write(b)
	return err
}

func appendText(b []byte, field protowire.Number, text string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), text)
}

func appendMessage(b []byte, field protowire.Number, message []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), message)
}

func appendDouble(b []byte, field protowire.Number, v float64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(b, field, protowire.Fixed64Type), math.Float64bits(v))
}
