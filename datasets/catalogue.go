package datasets

import (
	"fmt"
	"slices"
	"strings"
)

// The values of Source.Name.
const (
	Embedded     = "embedded"      // Fashion-MNIST's 10,000 test images, compiled in
	MNIST        = "mnist"         // handwritten digits, 28x28 grey
	FashionMNIST = "fashion-mnist" // clothing, 28x28 grey
	CIFAR10      = "cifar10"       // ten classes of objects, 32x32 colour
	Folder       = "folder"        // the images at Source.Path
)

// Info describes one dataset that [Load] knows by name. Most fields are zero for
// [Folder], since its images are the user's own.
type Info struct {
	Name     string   // as in Source.Name
	Title    string   // its name for readers
	Train    int      // number of training images
	Test     int      // number of test images
	C, H, W  int      // channels, height and width in pixels
	Classes  []string // class names; the index is the label
	Licence  string   // the licence of the data
	Homepage string   // the authors' description
	Files    []File   // the files that Fetch downloads; none: there is nothing to fetch
}

// Images returns the number of images in all splits.
func (i Info) Images() int { return i.Train + i.Test }

// Bytes returns the size in bytes of all files that [Fetch] downloads.
func (i Info) Bytes() int64 {
	var n int64
	for _, f := range i.Files {
		n += f.Size
	}
	return n
}

// File is one published file of a dataset.
type File struct {
	Name    string   // file name, below the dataset's directory
	Size    int64    // published size in bytes, which a mirror must deliver
	SHA256  string   // checksum in hex, of the decompressed content if Gzipped, otherwise of the file itself
	Gzipped bool     // the checksum is that of the content, so that a recompressed copy counts as intact
	Mirrors []string // https addresses of the file, the preferred one first
}

// Names returns the known datasets, the embedded one first.
func Names() []Info {
	return []Info{embeddedInfo(), mnistInfo(), fashionInfo(), cifarInfo(), {
		Name: Folder, Title: "your own images", Licence: "yours",
	}}
}

// Describe returns the dataset of the given name. The error wraps
// [ErrUnknownDataset] and lists the names.
func Describe(name string) (Info, error) {
	infos := Names()
	known := make([]string, len(infos))
	for i, info := range infos {
		if info.Name == name {
			return info, nil
		}
		known[i] = info.Name
	}
	return Info{}, fmt.Errorf("%w %q: choose one of %s", ErrUnknownDataset, name, strings.Join(known, ", "))
}

// The IDX file names shared by MNIST and its family.
const (
	trainImages = "train-images-idx3-ubyte"
	trainLabels = "train-labels-idx1-ubyte"
	testImages  = "t10k-images-idx3-ubyte"
	testLabels  = "t10k-labels-idx1-ubyte"
)

// idxFiles completes the four IDX files of a dataset: it adds .gz to their names, sets
// Gzipped, and makes the addresses of the mirrors.
func idxFiles(mirrors []string, files []File) []File {
	for i := range files {
		files[i].Name += ".gz"
		files[i].Gzipped = true
		for _, m := range mirrors {
			files[i].Mirrors = append(files[i].Mirrors, m+files[i].Name)
		}
	}
	return files
}

// mnistInfo describes MNIST.
func mnistInfo() Info {
	return Info{
		Name: MNIST, Title: "MNIST handwritten digits", Train: 60000, Test: 10000, C: 1, H: 28, W: 28,
		Classes:  []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
		Licence:  "CC BY-SA 3.0, Yann LeCun and Corinna Cortes",
		Homepage: "http://yann.lecun.com/exdb/mnist/",
		Files: idxFiles([]string{
			"https://ossci-datasets.s3.amazonaws.com/mnist/",
			"https://storage.googleapis.com/cvdf-datasets/mnist/",
			"https://sagemaker-sample-files.s3.amazonaws.com/datasets/image/MNIST/",
		}, []File{
			{Name: trainImages, Size: 9912422, SHA256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
			{Name: trainLabels, Size: 28881, SHA256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
			{Name: testImages, Size: 1648877, SHA256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
			{Name: testLabels, Size: 4542, SHA256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
		}),
	}
}

// fashionInfo describes Fashion-MNIST.
func fashionInfo() Info {
	return Info{
		Name: FashionMNIST, Title: "Fashion-MNIST clothing", Train: 60000, Test: 10000, C: 1, H: 28, W: 28,
		Classes: []string{
			"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
		},
		Licence:  "MIT, Zalando SE",
		Homepage: "https://github.com/zalandoresearch/fashion-mnist",
		Files: idxFiles([]string{
			"https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
			"https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
			"https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
		}, []File{
			{Name: trainImages, Size: 26421880, SHA256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"},
			{Name: trainLabels, Size: 29515, SHA256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"},
			{Name: testImages, Size: 4422102, SHA256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"},
			{Name: testLabels, Size: 5148, SHA256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"},
		}),
	}
}

// embeddedInfo describes the test split of Fashion-MNIST, with nothing to fetch.
func embeddedInfo() Info {
	info := fashionInfo()
	info.Name, info.Title, info.Train, info.Files = Embedded, "Fashion-MNIST test images, inside the program", 0, nil
	return info
}

// cifarInfo describes CIFAR-10 in its binary version.
func cifarInfo() Info {
	return Info{
		Name: CIFAR10, Title: "CIFAR-10 objects", Train: 50000, Test: 10000, C: 3, H: 32, W: 32,
		Classes:  slices.Clone(cifarClasses),
		Licence:  "none stated; cite Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images",
		Homepage: "https://www.cs.toronto.edu/~kriz/cifar.html",
		Files: []File{{
			Name: cifarArchive, Size: 170052171, SHA256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
			Mirrors: []string{
				"https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
				"https://cave.cs.toronto.edu/kriz/cifar-10-binary.tar.gz",
				"https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/cifar-10-binary.tar.gz",
			},
		}},
	}
}

// pins returns the published checksums of the files that hold a dataset's
// images, by file name without .gz; nil if none are published.
func (i Info) pins() map[string]string {
	switch i.Name {
	case MNIST, FashionMNIST:
		pins := make(map[string]string, len(i.Files))
		for _, f := range i.Files {
			pins[strings.TrimSuffix(f.Name, ".gz")] = f.SHA256
		}
		return pins
	case CIFAR10:
		return map[string]string{
			"data_batch_1.bin": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
			"data_batch_2.bin": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
			"data_batch_3.bin": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
			"data_batch_4.bin": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
			"data_batch_5.bin": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
			"test_batch.bin":   "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
		}
	}
	return nil
}
