"""What ``--help`` says, in Chinese: by the English text as it stands in the commands. A test fails when one is missing."""

HELP = {
    # click's own
    "Options": "选项",
    "Commands": "命令",
    "Show this message and exit.": "显示本说明。",
    "Show the version and exit.": "显示版本。",
    # all commands
    "Hazard risk maps, overlays, fire coverage and evacuation for emergency bureaux.": "应急管理部门用的灾害风险图、隐患叠加、消防覆盖与人员转移。",
    "\b riskmap check 村庄.shp --layer villages what is wrong with a file "
    "riskmap build examples/linzi/riskmap.yaml one database and two maps "
    "riskmap layers list what each layer must hold": "\b\n"
    "riskmap check 村庄.shp --layer villages        查文件有什么问题\n"
    "riskmap build examples/linzi/riskmap.yaml     一库两图\n"
    "riskmap layers list                           各图层要有哪些内容",
    "Show the traceback of a bug.": "程序出错时显示详细的出错位置。",
    "Language of products and messages.": "成果和提示的语言。",
    "Form of the result on stdout.": "结果在标准输出上的形式：文字或 JSON。",
    "Output folder.": "成果文件夹。",
    "Text encoding, such as GBK; found from the bytes when left out.": "文字编码，如 GBK；不写则由内容判定。",
    # init
    "Start a project: copy an example, or look through a folder of your own files and write its riskmap.yaml.": "新建项目：复制一个示例，或查看自己的数据文件夹并写出 riskmap.yaml。",
    "\b riskmap init linzi --example linzi an example with its data "
    "riskmap init D:/maps/data looks at the files, asks what it can't know": "\b\n"
    "riskmap init linzi --example linzi       复制示例和它的数据\n"
    "riskmap init D:/maps/data                查看文件，只问文件里没有的",
    "With --format json nothing is asked.": "用 --format json 时不提问。",
    "Copy this example place into DIR.": "把这个示例复制到 DIR。",
    "Ask nothing; what only you can know stays open in the file, marked with ?.": "不提问；只有您知道的留在文件里，用 ? 标出。",
    "Overwrite a project file that is there.": "覆盖已有的项目文件。",
    # build and the single steps
    "Build a project: one database, the grids, the maps. Of several projects one that stops does not stop the others.": "生成一个项目的全部成果：数据库、格网、地图。给出多个项目时，一个出错不影响其他。",
    "Steps that it needs are done first, where something changed.": "先做它所依赖而又有变动的步骤。",
    "Do this step and those it needs; may be repeated.": "只做这一步和它所依赖的步骤；可写多次。",
    "Do every step again, changed or not.": "全部重做，不论有无变动。",
    "Overwrite files at our names that riskmap did not write.": "与成果同名而不是 riskmap 写的文件也覆盖。",
    "Threads for blocks of cells.": "处理格网块的线程数。",
    "Dask cluster for blocks of cells, such as tcp://host:8786.": "处理格网块的 Dask 集群，如 tcp://host:8786。",
    "Compute the risk score and levels.": "计算综合风险得分和等级。",
    "Draw risk zones and control zones, and count townships.": "划风险区和防治区，统计乡镇。",
    "Cut the roads into a network, and report what it is like.": "把道路打断成路网，并报告路网情况。",
    "Prove the fire circle on the road network: pieces, shares, gaps, responsibility areas.": "在路网上核算五分钟消防圈：路段、覆盖率、缺口、责任区。",
    "Choose sites for new fire stations, exactly, and check them on the network.": "为新建消防站选址（精确求解），并在路网上核对。",
    "Answer the project's other questions of time, its list `reach`.": "回答项目里其他时限问题，即 `reach` 清单。",
    "Grade geohazard points and count what they threaten.": "地质灾害隐患点分级，统计受威胁对象。",
    "Identify the pipelines' high-consequence areas.": "识别管道高后果区。",
    "Grade hazardous-chemical sources and draw screening zones.": "危险化学品重大危险源分级，画筛查影响范围。",
    "Plan who goes to which shelter, on which road, and how long it takes.": "安排谁去哪个避难场所、走哪条路、要多久。",
    "Write the evacuation cards and the table of routes.": "写避险明白卡和路线表。",
    "Write the ledger, the lists, the wardens' cards and the indicators.": "写台账、清单、网格员卡和指标表。",
    "Write the map pages.": "写网页地图。",
    "Print the maps: PDF and PNG sheets.": "出图：PDF 和 PNG 图幅。",
    "Write the QGIS project and styles.": "写 QGIS 工程和样式。",
    # counties
    "Build many counties, each in a folder of its own; one that stops does not stop the others.": "成批生成多个县，每县一个文件夹；一个出错不影响其他。",
    "Folder of all outputs.": "全部成果所在的文件夹。",
    "Counties built at once.": "同时生成几个县。",
    "Dask cluster that builds them, such as tcp://host:8786.": "用来生成的 Dask 集群，如 tcp://host:8786。",
    # check, import, info
    "Say what is wrong with a file, or with all files of a project. Writes nothing.": "查一个文件或一个项目的全部文件有什么问题。什么也不写。",
    "Exit code 0 when there are only notes and warnings, 3 for errors, 4 when the coordinate system is the error.": "只有提示和警告时退出码为 0，有错误为 3，坐标系有错为 4。",
    "Which layer the file is; `riskmap info FILE` says what it could be.": "文件是哪个图层；用 `riskmap info 文件` 可查。",
    "Boundary to check positions against.": "核对位置用的边界。",
    "Coordinate system, where the file does not say; or GCJ-02, BD-09.": "坐标系，文件没有写明时用；也可以是 GCJ-02、BD-09。",
    "Column of a field; may be repeated.": "字段取自哪一列；可写多次。",
    "Layer, sheet or variable inside the file.": "文件里的图层、工作表或变量。",
    "Only the rows that meet this condition on the file's own columns.": "只取符合条件的行，条件用文件自己的列名。",
    "Meaning of numeric levels: 5:high_code or 5:low_code (4 or 5 levels, which end is worst).": "数字等级的含义：5:high_code 或 5:low_code（4 或 5 级，哪一端最重）。",
    "What the cells of a raster hold.": "栅格的格值是什么。",
    "Treat warnings as errors.": "警告按错误处理。",
    "Also write findings and changed cells to this workbook.": "问题和改动另写到这个工作簿。",
    "Bring a file into a database as a layer, whole or not at all.": "把一个文件作为图层导入数据库，要么全部导入，要么不导入。",
    "With an error nothing is written; findings, changed cells and the columns that were taken are stored with the layer.": "有错误时什么也不写；问题、改动和所用的列与图层一同保存。",
    "Which layer the file is.": "文件是哪个图层。",
    "GeoPackage, or postgresql://user@host/database?schema=name.": "GeoPackage 文件，或 postgresql://user@host/database?schema=name。",
    "Say what a file is: layers, encoding, coordinate system, columns, and which of our layers it could be.": "说明一个文件的图层、编码、坐标系、列，以及可能是哪个图层。",
    # layers, styles
    "What each layer must hold: columns, units, names they go by.": "各图层要有哪些内容：列、单位、别名。",
    "List all layers.": "列出全部图层。",
    "Show one layer, for example ``riskmap layers show geohazard_points``.": "显示一个图层，如 ``riskmap layers show geohazard_points``。",
    "Check all declarations and facts; exit code 5 names file, key path and the nearest known key.": "检查全部声明和取值；退出码为 5 时指明文件、键和最接近的键。",
    "How each layer is drawn.": "各图层怎样绘制。",
    "List all styles.": "列出全部样式。",
    "Show one style with its colours.": "显示一个样式和它的颜色。",
    "Check all styles: colours, and that each one's layer and field are declared.": "检查全部样式：颜色，以及所用图层和字段是否已声明。",
    # verify, weights, explain, compose
    "Derive every total again from the delivered files and compare with run.json.": "由交付的文件重新推算全部合计，与 run.json 核对。",
    "Exit code 7 when a file is missing or changed, or a total differs.": "缺文件、文件有改动或合计不符时退出码为 7。",
    "Weights of a matrix of pairwise judgements (AHP), and how consistent it is.": "由两两比较判断矩阵求权重（层次分析法），并检验一致性。",
    "MATRIX is a CSV or XLSX file; its first row and first column name what is compared, the cells say how many times the row matters "
    "more than the column (3, 1/3). Half of it suffices; empty pairs were not judged.": "MATRIX 是 CSV 或 XLSX 文件；首行首列为比较的对象，格中写行比列重要几倍（3、1/3）。填一半即可；空格表示没有比较。",
    "Exit code 3 when the consistency ratio is 0.1 or more: the judgements to revisit are named.": "一致性比例达到 0.1 时退出码为 3，并指出要重新考虑的判断。",
    "Encoding of a CSV; found from the file when left out.": "CSV 的编码；不写则由文件判定。",
    "Why a place has its colour: each layer's value, weight and contribution, the classes, merges and control rule.": "说明一处为什么是这个颜色：各图层的值、权重和贡献，分级、并小斑和防治规则。",
    "Score and levels of an area too large for memory, window by window, from rasters that lie on one grid.": "面积大于内存时，由同一格网上的栅格逐窗计算得分和等级。",
    "Ranges for the normalisation: of all cells, or of at most 2 % of the tiles.": "归一化的范围：取自全部格子，或至多 2 % 的图块。",
    "Class limits: of all scores, or of at most 2 % of the tiles, with their error.": "分级界限：取自全部得分，或至多 2 % 的图块并给出误差。",
    "Threads.": "线程数。",
    "Dask cluster that works on the windows, such as tcp://host:8786.": "处理各窗的 Dask 集群，如 tcp://host:8786。",
}
