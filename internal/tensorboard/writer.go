// Package tensorboard writes event files for TensorBoard: scalars by step, and the
// settings of a run for the HParams page.
//
// An event file is a sequence of records of TensorFlow's TFRecord format, each an
// Event message in the wire format of Protocol Buffers
// (tensorflow/core/util/event.proto and summary.proto,
// tensorboard/plugins/hparams/plugin_data.proto). Few fields are needed, so the
// package writes them by their numbers, without generated code.
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

// Scalar is a value with its name. TensorBoard shows names together that are equal up
// to the first slash.
type Scalar struct {
	Tag   string
	Value float64
}

// NewWriter begins an event file on out and returns its writer. Events have the time
// that now returns.
func NewWriter(out io.Writer, now func() time.Time) (*Writer, error) {
	w := &Writer{out: out, now: now}
	const fileVersion = 3 // of Event
	if err := w.event(0, func(b []byte) []byte { return appendText(b, fileVersion, "brain.Event:2") }); err != nil {
		return nil, err
	}
	return w, nil
}

// Scalars writes the values of a step, apart from those that are not finite.
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

// summary writes an event with a summary of values, and no event if there are none.
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

// event writes an event. content appends its fields other than time and step.
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

// seconds returns the present Unix time in seconds.
func (w *Writer) seconds() float64 { return float64(w.now().UnixNano()) / 1e9 }

// castagnoli is the table of CRC32C.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC returns the checksum of the TFRecord format: a CRC32C that is rotated and
// shifted by a constant, so that the checksum of data which contain checksums is as
// good as any other.
func maskedCRC(data []byte) uint32 {
	sum := crc32.Checksum(data, castagnoli)
	return (sum>>15 | sum<<17) + 0xa282ead8
}

// record writes data as a record: the length, its checksum, the data, their checksum,
// all little-endian. It makes one write, so that a concurrent reader finds complete
// records.
func (w *Writer) record(data []byte) error {
	b := make([]byte, 0, 16+len(data))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(data)))
	b = binary.LittleEndian.AppendUint32(b, maskedCRC(b))
	b = append(b, data...)
	b = binary.LittleEndian.AppendUint32(b, maskedCRC(data))
	_, err := w.out.Write(b)
	return err
}

// appendText appends a field with a text.
func appendText(b []byte, field protowire.Number, text string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), text)
}

// appendMessage appends a field with a message.
func appendMessage(b []byte, field protowire.Number, message []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), message)
}

// appendDouble appends a field with a number of 64 bits.
func appendDouble(b []byte, field protowire.Number, v float64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(b, field, protowire.Fixed64Type), math.Float64bits(v))
}
