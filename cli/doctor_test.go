package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/cpuid/v2"
	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets"
	"backfire/internal/buildinfo"
	"backfire/internal/hardware"
	"backfire/launcher"
)

// describing is the description of an engine that was built with the program.
func describing(env hardware.Env) func(context.Context) (launcher.Description, error) {
	return func(context.Context) (launcher.Description, error) {
		build := buildinfo.Build{Version: "v1", Commit: "abc", Go: "go1.26 linux/amd64", Gotch: "v0.9.1"}
		return launcher.Description{Build: build, Libtorch: env}, nil
	}
}

// healthy returns a machine on which every check is ok.
func healthy(t *testing.T) Machine {
	t.Helper()
	cpu := cpuid.CPUInfo{BrandName: "Test CPU"}
	cpu.Enable(cpuid.AVX2)
	set := &datasets.Set{Name: "embedded", Images: make([]uint8, 4), Labels: []uint8{0, 1, 0, 1}, C: 1, H: 1, W: 1, Classes: []string{"a", "b"}}
	return Machine{
		Describe: describing(hardware.Env{Version: "2.11.0", Variant: "cpu", Directory: "/lt", CPUCapability: "AVX2"}),
		CPU:      cpu,
		Arch:     "amd64",
		Cores:    4,
		LoadData: func(context.Context, datasets.Source) (*datasets.Set, error) { return set, nil },
		Disk:     func(string) (uint64, error) { return 50 << 30, nil },
	}
}

// diagnose runs the doctor and returns its report, with the error it ends in.
func diagnose(t *testing.T, machine Machine, sets ...string) (string, error) {
	t.Helper()
	streams, out, _ := testStreams()
	sets = append([]string{"data.dir=" + t.TempDir(), "store=" + filepath.Join(t.TempDir(), "runs", "deep")}, sets...)
	err := runDoctor(context.Background(), &DoctorOptions{
		IO: streams, Machine: machine, Config: config.Options{Sets: sets},
		Build: buildinfo.Build{Version: "v1", Commit: "abc", Go: "go1.26 linux/amd64"},
	})
	return out.String(), err
}

// verdictOf returns the verdict of a check and its line, with the remedy's line.
func verdictOf(t *testing.T, report, name string) (verdict, text string) {
	t.Helper()
	lines := strings.Split(report, "\n")
	for i, line := range lines {
		if fields := strings.Fields(line); len(fields) > 1 && fields[1] == name {
			if strings.HasPrefix(strings.TrimSpace(lines[i+1]), "->") {
				line += "\n" + lines[i+1]
			}
			return fields[0], line
		}
	}
	require.Fail(t, "no such check", "%s in\n%s", name, report)
	return "", ""
}

func TestDoctorHealthy(t *testing.T) {
	report, err := diagnose(t, healthy(t))
	require.NoError(t, err)
	for _, name := range []string{"backfire", "go", "engine", "libtorch", "device", "threads", "CPU", "data", "store"} {
		verdict, line := verdictOf(t, report, name)
		require.Equal(t, "ok", verdict, line)
	}
	require.NotContains(t, report, "->", "no remedy where nothing is wrong")
	require.Contains(t, report, "2.11.0 (cpu) in /lt")
	require.Contains(t, report, "has AVX2; lacks AVX512, AVX512_BF16, AMX; libtorch uses AVX2")
	require.Contains(t, report, "embedded has 4 images of 1x1x1 in 2 classes")
	require.Contains(t, report, "50.0 GiB free")
}

// doctorFault is a fault of a machine or of settings, and the check that finds it.
type doctorFault struct {
	name   string
	damage func(*Machine)
	sets   []string
	check  string
	want   verdict
	says   []string // words of the check's line
}

// engineFaults returns faults of engine, device and threads.
func engineFaults() []doctorFault {
	return []doctorFault{
		{
			name: "engine of another build",
			damage: func(m *Machine) {
				m.Describe = func(context.Context) (launcher.Description, error) {
					return launcher.Description{Build: buildinfo.Build{Version: "v1", Commit: "abd"}}, nil
				}
			},
			check: "engine", want: checkWarn, says: []string{"v1, commit abd", "not built together", "run make build"},
		},
		{
			name: "no such device", sets: []string{"device=cuda"},
			check: "device", want: checkFail, says: []string{"device not available", "--device"},
		},
		{
			name:   "GPU without its libtorch",
			damage: func(m *Machine) { m.NvidiaDriver = true },
			check:  "device", want: checkWarn, says: []string{"auto means cpu", "BACKFIRE_VARIANT=cuda make setup"},
		},
		{
			name: "driver too old",
			damage: func(m *Machine) {
				m.NvidiaDriver = true
				m.Describe = describing(hardware.Env{Variant: "cuda"})
			},
			check: "device", want: checkWarn, says: []string{"libtorch sees no GPU", "nvidia-smi", "cuda"},
		},
		{
			name: "a GPU",
			damage: func(m *Machine) {
				m.NvidiaDriver = true
				m.Describe = describing(hardware.Env{Variant: "cuda", GPUs: []hardware.GPU{{Name: "Big GPU", Memory: 80 << 30, Free: 70 << 30}}})
			},
			check: "device", want: checkOK, says: []string{"auto means cuda:0", "cuda:0 Big GPU, 80.0 GiB, 70.0 GiB free"},
		},
		{
			name: "more threads than cores", sets: []string{"workers=3", "threads=2"},
			check: "threads", want: checkWarn, says: []string{"4 cores, workers 3, threads per worker 2", "leave workers and threads at 0"},
		},
	}
}

// machineFaults returns faults of processor, data and store. file is a file in place of
// a directory.
func machineFaults(file string) []doctorFault {
	return []doctorFault{
		{
			name:   "old CPU",
			damage: func(m *Machine) { m.CPU = cpuid.CPUInfo{} },
			check:  "CPU", want: checkWarn, says: []string{"lacks AVX2", "newer machine"},
		},
		{
			name:   "another architecture",
			damage: func(m *Machine) { m.CPU, m.Arch = cpuid.CPUInfo{BrandName: "Arm"}, "arm64" },
			check:  "CPU", want: checkOK, says: []string{"Arm, arm64"},
		},
		{
			name: "dataset missing", sets: []string{"data.name=mnist"},
			damage: func(m *Machine) {
				m.LoadData = func(_ context.Context, src datasets.Source) (*datasets.Set, error) {
					return nil, fmt.Errorf("load %s: %w", src.Name, datasets.ErrMissing)
				}
			},
			check: "data", want: checkFail, says: []string{"load mnist: data not found", "--dataset"},
		},
		{
			name: "store below a file", sets: []string{"store=" + filepath.Join(file, "runs")},
			check: "store", want: checkFail, says: []string{"not a directory", "--store"},
		},
		{
			name: "store not writable",
			damage: func(m *Machine) {
				m.Disk = func(string) (uint64, error) { return 0, errors.New("read-only file system") }
			},
			check: "store", want: checkFail, says: []string{"read-only", "--store"},
		},
		{
			name:   "disk nearly full",
			damage: func(m *Machine) { m.Disk = func(string) (uint64, error) { return 10 << 20, nil } },
			check:  "store", want: checkWarn, says: []string{"10 MiB free", "free some space"},
		},
	}
}

func TestDoctorFindsFaults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, tc := range append(engineFaults(), machineFaults(file)...) {
		t.Run(tc.name, func(t *testing.T) {
			machine := healthy(t)
			if tc.damage != nil {
				tc.damage(&machine)
			}
			report, err := diagnose(t, machine, tc.sets...)
			got, text := verdictOf(t, report, tc.check)
			require.Equal(t, string(tc.want), got, report)
			for _, words := range tc.says {
				require.Contains(t, text, words)
			}
			if tc.want == checkFail {
				require.EqualError(t, err, "doctor: 1 of 9 checks failed")
				require.Equal(t, ExitFailure, ExitCode(err))
			} else {
				require.NoError(t, err)
			}
		})
	}
}

// Without an engine libtorch and the devices are unknown; the other checks are made as
// before.
func TestDoctorWithoutAnEngine(t *testing.T) {
	for finding, describe := range map[string]func(context.Context) (launcher.Description, error){
		"there is no": launcher.New(nil).Describe,
		"out of ideas": func(context.Context) (launcher.Description, error) {
			return launcher.Description{}, errors.New("out of ideas")
		},
	} {
		machine := healthy(t)
		machine.Describe = describe
		report, err := diagnose(t, machine)
		require.EqualError(t, err, "doctor: 1 of 7 checks failed")
		verdict, text := verdictOf(t, report, "engine")
		require.Equal(t, "fail", verdict)
		require.Contains(t, text, finding)
		require.Contains(t, text, "-> run make build")
		for _, name := range []string{"backfire", "go", "threads", "CPU", "data", "store"} {
			verdict, line := verdictOf(t, report, name)
			require.Equal(t, "ok", verdict, line)
		}
	}
}

func TestDoctorListsOtherDatasets(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "mnist"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mnist", "file"), nil, 0o600))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "cifar10"), 0o755))
	report, err := diagnose(t, healthy(t), "data.dir="+dir)
	require.NoError(t, err)
	require.Contains(t, report, "also in "+dir+": mnist; not in "+dir+": fashion-mnist, cifar10 (see backfire data list)")
}

func TestDoctorRefusesAWrongConfiguration(t *testing.T) {
	report, err := diagnose(t, healthy(t), "device=tpu")
	require.ErrorIs(t, err, config.ErrInvalid)
	require.Empty(t, report)
}

func TestDoctorOptions(t *testing.T) {
	streams, _, _ := testStreams()
	streams.Environ = []string{"BACKFIRE_STORE=out"}
	var got config.Options
	cmd := newCmdDoctor(streams, func(_ context.Context, opts *DoctorOptions) error {
		got = opts.Config
		return nil
	})
	cmd.SetArgs([]string{"--device", "cuda"})
	require.NoError(t, cmd.Execute())
	require.Equal(t, config.Options{Environ: streams.Environ, Flags: map[string]string{"device": "cuda"}}, got)
}
