package visible

import (
	"html/template"
	"reflect"
)

// Strings returns a deep copy of a value in which [Line] has shown each string: those of
// structs, slices, arrays, maps (keys, too), pointers and interfaces, so that a field that
// is added later cannot be forgotten. Unexported fields are copied as they are, and so are
// the types of html/template for safe markup.
func Strings[T any](value T) T {
	copied, _ := shownValue(reflect.ValueOf(&value).Elem()).Interface().(T)
	return copied
}

// safe is the package whose string types hold markup that was escaped when it was made.
var safe = reflect.TypeFor[template.HTML]().PkgPath()

// shownValue returns a copy of v with shown strings.
func shownValue(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch v.Kind() {
	case reflect.String:
		if v.Type().PkgPath() != safe {
			out.SetString(Line(v.String()))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(shownValue(v.Elem()))
		}
	case reflect.Interface:
		if !v.IsNil() {
			out.Set(shownValue(v.Elem()))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				out.Field(i).Set(shownValue(v.Field(i)))
			}
		}
	case reflect.Array:
		showElements(out, v)
	case reflect.Slice:
		if !v.IsNil() {
			out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
			showElements(out, v)
		}
	case reflect.Map:
		if !v.IsNil() {
			out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
			for key, value := range v.Seq2() {
				out.SetMapIndex(shownValue(key), shownValue(value))
			}
		}
	}
	return out
}

// showElements sets the elements of out, a copy of v, to those of v with shown strings.
func showElements(out, v reflect.Value) {
	for i := range v.Len() {
		out.Index(i).Set(shownValue(v.Index(i)))
	}
}
