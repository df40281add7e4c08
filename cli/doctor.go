package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/cpuid/v2"
	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/datasets"
	"backfire/experiments/plan"
	"backfire/internal/buildinfo"
	"backfire/internal/disk"
	"backfire/internal/hardware"
	"backfire/launcher"
)

// DoctorOptions are the options of "doctor".
type DoctorOptions struct {
	IO      *IOStreams
	Config  config.Options // its device, threads, data and store are checked
	Build   buildinfo.Build
	Machine Machine
}

// newCmdDoctor returns the command that checks everything a run needs.
func newCmdDoctor(streams *IOStreams, runF func(context.Context, *DoctorOptions) error) *cobra.Command {
	opts := &DoctorOptions{IO: streams, Build: buildinfo.This()}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check engine, device, CPU, data and store, and suggest remedies",
		Long: `Check everything that a run with the same device, threads, data and store needs, and
suggest a remedy for each fault. Exit code 1 reports that such a run would fail.`,
		Example: `  backfire doctor
  backfire doctor --device cuda:0 --dataset cifar10`,
		Args: arguments(),
	}
	flags := addKeys(cmd, presetKeys, "device", "workers", "threads", "data.", "store")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		opts.Config = flags.Options(streams.Environ)
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		opts.Machine = ThisMachine(streams.Environ)
		return runDoctor(cmd.Context(), opts)
	}
	return cmd
}

// verdict is the outcome of a check.
type verdict string

const (
	checkOK   verdict = "ok"
	checkWarn verdict = "warn" // a run works, but worse than it could
	checkFail verdict = "fail" // a run fails
)

// check is one line of the doctor's report.
type check struct {
	verdict verdict
	name    string
	finding string
	remedy  string // empty if none is necessary
}

func runDoctor(ctx context.Context, opts *DoctorOptions) error {
	resolved, err := config.Load(opts.Config)
	if err != nil {
		return err
	}
	cfg, machine := resolved.Config, opts.Machine
	engine, fault := machine.Describe(ctx)
	if errors.Is(fault, context.Canceled) {
		return fault
	}
	checks := []check{
		{checkOK, "backfire", nameOf(opts.Build), ""},
		{checkOK, "go", opts.Build.Go, ""},
		checkEngine(opts.Build, engine, fault),
	}
	if fault == nil {
		checks = append(checks,
			checkLibtorch(engine.Libtorch),
			checkDevice(cfg.Device, engine, machine))
	}
	checks = append(checks,
		checkThreads(cfg.Workers, cfg.Threads, machine),
		checkCPU(engine.Libtorch, machine),
		checkData(ctx, cfg, machine.LoadData),
		checkStore(cfg.Store, machine.Disk))
	var report [][]string
	failed := 0
	for _, c := range checks {
		report = append(report, []string{string(c.verdict), c.name, c.finding})
		if c.remedy != "" {
			report = append(report, []string{"", "", "-> " + c.remedy})
		}
		if c.verdict == checkFail {
			failed++
		}
	}
	if err := writeTable(opts.IO.Out, report); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("doctor: %d of %d checks failed", failed, len(checks))
	}
	return nil
}

// checkEngine checks the engine, without which nothing can be trained. Only the engine
// knows libtorch and the devices.
func checkEngine(build buildinfo.Build, engine launcher.Description, fault error) check {
	var why *launcher.Fault
	switch {
	case errors.As(fault, &why):
		return check{checkFail, "engine", why.Finding.Error(), why.Remedy}
	case fault != nil:
		return check{checkFail, "engine", fault.Error(), "run make build"}
	}
	finding := fmt.Sprintf("%s, gotch %s", nameOf(engine.Build), known(engine.Build.Gotch))
	if build.Version != engine.Build.Version || build.Commit != engine.Build.Commit {
		return check{checkWarn, "engine", finding + "; it was not built together with this program", "run make build, which makes both"}
	}
	return check{checkOK, "engine", finding, ""}
}

// checkLibtorch describes the libtorch that the engine loads.
func checkLibtorch(env hardware.Env) check {
	finding := fmt.Sprintf("%s (%s) in %s", env.Version, env.Variant, env.Directory)
	if env.Linked != "" {
		finding += ", used by an engine for " + env.Linked
	}
	return check{checkOK, "libtorch", finding, ""}
}

// checkDevice checks the configured device, and lists the GPUs.
func checkDevice(name string, engine launcher.Description, machine Machine) check {
	env := engine.Libtorch
	chosen, err := chooseDevice(name, engine)
	if err != nil {
		return check{checkFail, "device", err.Error(), "choose another one with --device, or auto"}
	}
	found := make([]string, len(env.GPUs))
	for i, gpu := range env.GPUs {
		found[i] = fmt.Sprintf("cuda:%d %s, %s", i, gpu.Name, size(uint64(gpu.Memory)))
		if gpu.Free > 0 {
			found[i] += ", " + size(uint64(gpu.Free)) + " free"
		}
	}
	finding := fmt.Sprintf("%s means %s", name, chosen)
	switch {
	case len(found) > 0:
		return check{checkOK, "device", finding + "; " + strings.Join(found, "; "), ""}
	case machine.NvidiaDriver && env.Usable() == hardware.VariantCPU:
		return check{checkWarn, "device", finding + "; there is an NVIDIA driver, but this libtorch is for CPUs", "to train on the GPU run BACKFIRE_VARIANT=cuda make setup, then make build"}
	case machine.NvidiaDriver:
		return check{checkWarn, "device", finding + "; there is an NVIDIA driver, but libtorch sees no GPU", "compare the driver's CUDA release in nvidia-smi with libtorch's " + env.Variant}
	default:
		return check{checkOK, "device", finding + "; no GPU", ""}
	}
}

// checkThreads reports the cores, and warns of more threads than cores: libtorch's
// threads wait for each other, and contention makes them several times slower.
func checkThreads(workers, threads int, machine Machine) check {
	finding := fmt.Sprintf("%d cores, workers %s, threads per worker %s", machine.Cores, orAuto(workers), orAuto(threads))
	if max(workers, 1)*max(threads, 1) > machine.Cores {
		return check{checkWarn, "threads", finding, "more threads than cores slow each other down: leave workers and threads at 0"}
	}
	return check{checkOK, "threads", finding, ""}
}

// orAuto returns a number in which 0 leaves the choice to the program.
func orAuto(n int) string {
	if n == 0 {
		return "auto"
	}
	return strconv.Itoa(n)
}

// checkCPU reports the vector units, which determine the speed of training on a CPU.
func checkCPU(env hardware.Env, machine Machine) check {
	features := []struct {
		name string
		ids  []cpuid.FeatureID
	}{
		{"AVX2", []cpuid.FeatureID{cpuid.AVX2}},
		{"AVX512", []cpuid.FeatureID{cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL}},
		{"AVX512_BF16", []cpuid.FeatureID{cpuid.AVX512BF16}},
		{"AMX", []cpuid.FeatureID{cpuid.AMXTILE, cpuid.AMXBF16}},
	}
	var has, lacks []string
	for _, feature := range features {
		if machine.CPU.Supports(feature.ids...) {
			has = append(has, feature.name)
		} else {
			lacks = append(lacks, feature.name)
		}
	}
	finding := known(machine.CPU.BrandName)
	if machine.Arch != "amd64" {
		return check{checkOK, "CPU", finding + ", " + machine.Arch, ""}
	}
	if len(has) > 0 {
		finding += "; has " + strings.Join(has, ", ")
	}
	if len(lacks) > 0 {
		finding += "; lacks " + strings.Join(lacks, ", ")
	}
	if env.CPUCapability != "" {
		finding += "; libtorch uses " + env.CPUCapability
	}
	if slices.Contains(lacks, "AVX2") {
		return check{checkWarn, "CPU", finding, "without AVX2 training is several times slower: use a newer machine or a GPU"}
	}
	return check{checkOK, "CPU", finding, ""}
}

// checkData loads the configured dataset, as a run would, and lists the others that
// have a directory below the data directory.
func checkData(ctx context.Context, cfg config.Config, load func(context.Context, datasets.Source) (*datasets.Set, error)) check {
	data := cfg.Data
	set, err := load(ctx, plan.SourceOf(cfg))
	if err != nil {
		return check{checkFail, "data", err.Error(), "choose another dataset with --dataset, or give its place with --set data.dir=DIR or data.path=PATH"}
	}
	finding := fmt.Sprintf("%s has %d images of %dx%dx%d in %d classes", data.Name, set.Len(), set.C, set.H, set.W, len(set.Classes))
	dir, err := datasets.DataDir(data.Dir)
	if err != nil {
		return check{checkWarn, "data", finding + "; " + err.Error(), "give a data directory with --set data.dir=DIR"}
	}
	var found, missing []string
	for _, info := range datasets.Names() {
		if len(info.Files) == 0 || info.Name == data.Name {
			continue
		}
		if entries, err := disk.In(dir).Names(info.Name); err == nil && len(entries) > 0 {
			found = append(found, info.Name)
		} else {
			missing = append(missing, info.Name)
		}
	}
	if len(found) > 0 {
		finding += "; also in " + dir + ": " + strings.Join(found, ", ")
	}
	if len(missing) > 0 {
		finding += "; not in " + dir + ": " + strings.Join(missing, ", ") + " (see backfire data list)"
	}
	return check{checkOK, "data", finding, ""}
}

// littleDisk is the free space below which a long run may fill the disk. A cell takes
// far less; a checkpoint of a full ResNet-18 takes about 0.1 GiB.
const littleDisk = 1 << 30

// checkStore checks that results can be stored.
func checkStore(dir string, disk func(string) (uint64, error)) check {
	const remedy = "choose another directory with --store"
	existing, err := existingDir(dir)
	if err != nil {
		return check{checkFail, "store", err.Error(), remedy}
	}
	free, err := disk(existing)
	if err != nil {
		return check{checkFail, "store", err.Error(), remedy}
	}
	finding := fmt.Sprintf("%s is writable, %s free", dir, size(free))
	if free < littleDisk {
		return check{checkWarn, "store", finding, "free some space, or " + remedy}
	}
	return check{checkOK, "store", finding, ""}
}

// size returns a number of bytes in MiB or GiB, for people.
func size(bytes uint64) string {
	if bytes < 1<<30 {
		return fmt.Sprintf("%.0f MiB", float64(bytes)/(1<<20))
	}
	return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
}
