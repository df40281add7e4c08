package datasets

import "encoding/binary"

// byteClasses is the largest number of classes whose labels are stored as bytes.
const byteClasses = 256

// EncodeLabels returns labels of a number of classes as they are hashed and stored: one
// byte each for at most 256 classes, otherwise two, the lower one first.
func EncodeLabels(labels []uint16, classes int) []byte {
	data := make([]byte, 0, len(labels)*LabelBytes(classes))
	for _, label := range labels {
		if classes <= byteClasses {
			data = append(data, uint8(label))
		} else {
			data = binary.LittleEndian.AppendUint16(data, label)
		}
	}
	return data
}

// DecodeLabels returns the labels that [EncodeLabels] encoded. A last byte without its
// second one is ignored. The labels are not compared with the number of classes.
func DecodeLabels(data []byte, classes int) []uint16 {
	labels := make([]uint16, len(data)/LabelBytes(classes))
	for i := range labels {
		if classes <= byteClasses {
			labels[i] = uint16(data[i])
		} else {
			labels[i] = binary.LittleEndian.Uint16(data[2*i:])
		}
	}
	return labels
}

// LabelBytes returns the number of bytes of a stored label: 1 or 2.
func LabelBytes(classes int) int {
	if classes <= byteClasses {
		return 1
	}
	return 2
}
