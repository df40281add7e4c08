package tensorboard

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fixed returns the same time on every call.
func fixed() time.Time { return time.Unix(1700000000, 500_000_000) }

// sample writes a run with every kind of event.
func sample(t *testing.T, out *bytes.Buffer) {
	t.Helper()
	w, err := NewWriter(out, fixed)
	require.NoError(t, err)
	require.NoError(t, w.Scalars(1, Scalar{"train/loss", 2.25}, Scalar{"train/accuracy", 0.5}))
	require.NoError(t, w.Scalars(300, Scalar{"train/loss", 0.125}, Scalar{"train/accuracy", math.NaN()}))
	require.NoError(t, w.Settings(Text("dataset", "mnist"), Number("attackers", 5)))
	require.NoError(t, w.Scalars(0, Scalar{"nothing", math.Inf(1)}))
}

// The masked checksums are those of RFC 3720, appendix B.4.
func TestMaskedCRC(t *testing.T) {
	unmask := func(sum uint32) uint32 {
		rotated := sum - 0xa282ead8
		return rotated>>17 | rotated<<15
	}
	ones := bytes.Repeat([]byte{0xff}, 32)
	require.Equal(t, uint32(0x8a9136aa), unmask(maskedCRC(make([]byte, 32))))
	require.Equal(t, uint32(0x62a8ab43), unmask(maskedCRC(ones)))
}

func TestRecordsAreFramed(t *testing.T) {
	var out bytes.Buffer
	sample(t, &out)
	var events [][]byte
	for rest := out.Bytes(); len(rest) > 0; {
		require.GreaterOrEqual(t, len(rest), 16)
		length := binary.LittleEndian.Uint64(rest)
		require.Equal(t, maskedCRC(rest[:8]), binary.LittleEndian.Uint32(rest[8:]))
		data := rest[12 : 12+length]
		require.Equal(t, maskedCRC(data), binary.LittleEndian.Uint32(rest[12+length:]))
		events, rest = append(events, data), rest[16+length:]
	}
	require.Len(t, events, 4, "a summary without finite numbers was written")
	// wall_time (1, 64 bits), file_version (3, bytes).
	require.Equal(t, "0900002040fc54d941"+"1a0d627261696e2e4576656e743a32", hex.EncodeToString(events[0]))
	// wall_time, step 300 (2, varint), summary (5) of a value (1) with tag (1) and simple_value (2, 32 bits).
	require.Equal(t, "0900002040fc54d941"+"10ac02"+"2a13"+"0a11"+"0a0a747261696e2f6c6f7373"+"150000003e", hex.EncodeToString(events[2]))
}

// TensorBoard itself reads the file, if Python has it.
func TestTensorBoardReadsIt(t *testing.T) {
	python := os.Getenv("TENSORBOARD_PYTHON")
	if python == "" {
		python = "python3"
	}
	if err := exec.Command(python, "-c", "import tensorboard").Run(); err != nil {
		t.Skipf("%s has no tensorboard: pip install tensorboard, and name the interpreter in TENSORBOARD_PYTHON", python)
	}
	var out bytes.Buffer
	sample(t, &out)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "events.out.tfevents.1.test"), out.Bytes(), 0o600))
	const program = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2
a = EventAccumulator(sys.argv[1])
a.Reload()
hparams = {}
for tag, content in a.PluginTagToContent("hparams").items():
    data = plugin_data_pb2.HParamsPluginData.FromString(content)
    for name, value in data.session_start_info.hparams.items():
        hparams[name] = value.string_value or value.number_value
    if tag.endswith("session_end_info"):
        hparams["status"] = data.session_end_info.status
print(json.dumps({
    "loss": [[e.step, e.value, e.wall_time] for e in a.Scalars("train/loss")],
    "accuracy": [[e.step, e.value, e.wall_time] for e in a.Scalars("train/accuracy")],
    "hparams": hparams, "tags": a.Tags()["scalars"]}))
`
	text, err := exec.Command(python, "-c", program, dir).Output()
	require.NoError(t, err)
	var got struct {
		Loss, Accuracy [][]float64
		HParams        map[string]any
		Tags           []string
	}
	require.NoError(t, json.Unmarshal(text, &got))
	require.Equal(t, [][]float64{{1, 2.25, 1700000000.5}, {300, 0.125, 1700000000.5}}, got.Loss)
	require.Equal(t, [][]float64{{1, 0.5, 1700000000.5}}, got.Accuracy)
	require.Equal(t, map[string]any{"dataset": "mnist", "attackers": 5.0, "status": 1.0}, got.HParams)
	require.ElementsMatch(t, []string{"train/loss", "train/accuracy"}, got.Tags)
}
