package datasets

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"
)

// pickledCIFAR reads the Python version of CIFAR-10 and CIFAR-100, which torchvision
// keeps: batches that are dictionaries with an array of planes and a list of labels.
var pickledCIFAR = form{
	name: "CIFAR batches of the Python version",
	wants: func(p string) bool {
		base, dir := path.Base(p), path.Base(path.Dir(p))
		if strings.HasPrefix(base, "data_batch_") || base == "test_batch" || base == "batches.meta" {
			return path.Ext(base) == "" || base == "batches.meta"
		}
		return (dir == "." || dir == "cifar-100-python") && slices.Contains([]string{"train", "test", "meta"}, base)
	},
	pairs: true,
	read:  (*loader).readPickledCIFAR,
}

// pickledSums are the published MD5 sums of CIFAR-10's batches in the Python version, by
// their names.
var pickledSums = map[string]string{
	"data_batch_1": "c99cafc152244af753f735de768cd75f",
	"data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
	"data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
	"data_batch_4": "634d18415352ddfa80567beed471001a",
	"data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
	"test_batch":   "40351d587109b95175f43aff81a1287e",
}

// readPickledCIFAR reads the batches of the loader's splits and the names of the classes.
func (l *loader) readPickledCIFAR(d *dataFiles) ([]part, error) {
	contents, err := d.whole(maxPickle, func(p string) bool {
		return strings.Contains(path.Base(p), "meta") || l.takes(pickledSplit(p))
	})
	if err != nil {
		return nil, err
	}
	parts := map[string]*part{}
	var classes []string
	for _, f := range d.files {
		data, ok := contents[f.path]
		if !ok {
			continue
		}
		base := path.Base(f.path)
		value, err := readPickle(data)
		dict, isDict := value.(map[string]any)
		if err == nil && !isDict {
			err = fmt.Errorf("%w: no dictionary", ErrCorrupt)
		}
		if sum := md5.Sum(data); err == nil && l.src.Name == CIFAR10 && pickledSums[base] != "" && hex.EncodeToString(sum[:]) != pickledSums[base] {
			err = fmt.Errorf("%w: checksum mismatch: MD5 %x, published %s", ErrCorrupt, sum, pickledSums[base])
		}
		if err == nil && strings.Contains(base, "meta") {
			classes, err = pickledClasses(dict)
		} else if err == nil {
			err = addPickled(parts, pickledSplit(f.path), dict)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", shown(f.path), err)
		}
		delete(contents, f.path)
	}
	var list []part
	for _, split := range []string{SplitTrain, SplitTest} {
		if t := parts[split]; t != nil {
			t.classes = classes
			list = append(list, *t)
		}
	}
	return list, l.completePickled(d)
}

// completePickled refuses CIFAR-10 without some of its batches.
func (l *loader) completePickled(d *dataFiles) error {
	if l.src.Name != CIFAR10 {
		return nil
	}
	for name := range pickledSums {
		if l.takes(pickledSplit(name)) && !slices.ContainsFunc(d.files, func(f dataFile) bool { return path.Base(f.path) == name }) {
			return fmt.Errorf("%w: %s has no %s; %s", ErrMissing, d.where, name, l.wayOut())
		}
	}
	return nil
}

// pickledSplit returns the split of a batch.
func pickledSplit(p string) string {
	if base := path.Base(p); base == "test" || base == "test_batch" {
		return SplitTest
	}
	return SplitTrain
}

// pickledClasses returns the names of the classes in the file beside the batches.
func pickledClasses(dict map[string]any) ([]string, error) {
	for _, key := range []string{"fine_label_names", "label_names"} {
		list, ok := dict[key].(*pickleList)
		if !ok {
			continue
		}
		var names []string
		for _, item := range list.items {
			name, ok := item.(string)
			if !ok {
				return nil, fmt.Errorf("%w: the name of a class is no text", ErrCorrupt)
			}
			names = append(names, name)
		}
		return names, nil
	}
	return nil, fmt.Errorf("%w: no names of classes", ErrCorrupt)
}

// addPickled adds the images and the labels of one batch to its split.
func addPickled(parts map[string]*part, split string, dict map[string]any) error {
	data, ok := dict["data"].(*array)
	if !ok || data.kind != "u1" || len(data.shape) != 2 || data.shape[1] != cifarPixels || data.len() != len(data.data) {
		return fmt.Errorf("%w: no array of n x %d bytes named data", ErrCorrupt, cifarPixels)
	}
	list, ok := dict["fine_labels"].(*pickleList)
	if !ok {
		list, ok = dict["labels"].(*pickleList)
	}
	if !ok || len(list.items) != data.shape[0] {
		return fmt.Errorf("%w: no list of %d labels", ErrCorrupt, data.shape[0])
	}
	if parts[split] == nil {
		parts[split] = &part{split: split, c: 3, h: cifarSide, w: cifarSide}
	}
	t := parts[split]
	t.images = append(t.images, data.data...)
	for _, item := range list.items {
		label, ok := item.(int)
		if !ok {
			return fmt.Errorf("%w: a label that is no number", ErrCorrupt)
		}
		t.labels = append(t.labels, label)
	}
	return checkDims(max(1, len(t.labels)), t.c, t.h, t.w)
}
