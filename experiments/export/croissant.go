package export

import (
	"cmp"
	"encoding/json"
	"fmt"

	"backfire/datasets"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
)

// croissantContext holds the terms of Croissant 1.0, as its specification lists them for every description
// (https://docs.mlcommons.org/croissant/docs/croissant-spec.html).
const croissantContext = `{
  "@language": "en", "@vocab": "https://schema.org/", "citeAs": "cr:citeAs", "column": "cr:column",
  "conformsTo": "dct:conformsTo", "cr": "http://mlcommons.org/croissant/",
  "rai": "http://mlcommons.org/croissant/RAI/", "data": {"@id": "cr:data", "@type": "@json"},
  "dataType": {"@id": "cr:dataType", "@type": "@vocab"}, "dct": "http://purl.org/dc/terms/",
  "examples": {"@id": "cr:examples", "@type": "@json"}, "extract": "cr:extract", "field": "cr:field",
  "fileProperty": "cr:fileProperty", "fileObject": "cr:fileObject", "fileSet": "cr:fileSet",
  "format": "cr:format", "includes": "cr:includes", "isLiveDataset": "cr:isLiveDataset",
  "jsonPath": "cr:jsonPath", "key": "cr:key", "md5": "cr:md5", "parentField": "cr:parentField",
  "path": "cr:path", "recordSet": "cr:recordSet", "references": "cr:references", "regex": "cr:regex",
  "repeated": "cr:repeated", "replace": "cr:replace", "sc": "https://schema.org/",
  "separator": "cr:separator", "source": "cr:source", "subField": "cr:subField", "transform": "cr:transform"
}`

// croissantFormat is the version of Croissant that descriptions conform to.
const croissantFormat = "http://mlcommons.org/croissant/1.0"

// croissantTypes maps kinds of columns to the types of Croissant.
var croissantTypes = map[string]string{
	kindImage: "sc:ImageObject", kindClass: "sc:Integer", kindInt: "sc:Integer", kindBool: "sc:Boolean",
}

// object is a JSON object.
type object = map[string]any

// writeCroissant writes the Croissant description of the tables.
func (m *Model) writeCroissant(dir disk.Dir) error {
	var files, sets []object
	for _, table := range []struct {
		file, name, meaning string
		columns             []tableColumn
	}{
		{trainTable, "train", "the training set: the images that all agents contribute", trainingColumns},
		{heldOutTable, "heldout", "the held-out images of all agents, those of attackers also with their triggers", heldOutColumns},
	} {
		sum, err := dir.SHA256(table.file)
		if err != nil {
			return err
		}
		files = append(files, object{
			"@type": "cr:FileObject", "@id": table.file, "name": table.file, "contentUrl": table.file,
			"encodingFormat": "application/x-parquet", "sha256": sum,
		})
		sets = append(sets, recordSet(table.name, table.file, table.meaning, table.columns))
	}
	c := m.deal.Cell
	name := fmt.Sprintf("backfire-%.12s", m.Hash())
	description := object{
		"@context": json.RawMessage(croissantContext), "@type": "sc:Dataset", "conformsTo": croissantFormat,
		"name": name, "version": "1.0.0",
		"description":  fmt.Sprintf("The images of a multi-agent backdoor game (%s, seed %d) on %s.", c.Title(), c.Game.Seed, c.Data.Name),
		"distribution": files, "recordSet": sets,
	}
	if info, err := datasets.Describe(c.Data.Name); err == nil { // the licence is that of the images
		description["license"] = info.Licence
		description["url"] = cmp.Or(info.Homepage, "https://arxiv.org/abs/2110.04571")
	}
	return jsonfile.WriteIn(dir, croissant, description)
}

// recordSet returns the description of a table.
func recordSet(name, file, meaning string, columns []tableColumn) object {
	fields := make([]object, len(columns))
	for i, c := range columns {
		extract := object{"column": c.name}
		source := object{"fileObject": object{"@id": file}, "extract": extract}
		if c.kind == kindImage {
			source["transform"] = object{"jsonPath": "bytes"}
		}
		fields[i] = object{
			"@type": "cr:Field", "@id": name + "/" + c.name, "name": name + "/" + c.name,
			"description": c.meaning, "dataType": croissantTypes[c.kind], "source": source,
		}
	}
	return object{"@type": "cr:RecordSet", "@id": name, "name": name, "description": meaning, "field": fields}
}
