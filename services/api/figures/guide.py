"""What stands on the second sheet of the template, in Vietnamese and English. Pure."""

TITLE = "Biểu số liệu kỳ"
MADE_UP = "DỮ LIỆU GIẢ ĐỊNH, KHÔNG PHẢI SỐ LIỆU THẬT / MADE-UP DATA"
GUIDE: tuple[tuple[str, str], ...] = (
    ("HƯỚNG DẪN ĐIỀN BIỂU", "HOW TO FILL IN THE SHEET"),
    (
        "Chỉ điền các ô nền vàng; các ô khác đã khóa để không sửa nhầm (không có mật khẩu).",
        "Fill in the yellow cells only; the others are locked against mistakes (no password).",
    ),
    (
        "Điền Số liệu theo đúng Đơn vị tính, hoặc điền Tử số và Mẫu số: khi đó số liệu tự tính.",
        "Give the figure in the unit, or numerator and denominator: the figure then follows from them.",
    ),
    (
        "Không có số liệu: chọn Loại trả lời và ghi Lý do không có số liệu; để trống ô Số liệu.",
        "No figure: choose the kind of answer and say why there is none; leave the figure empty.",
    ),
    (
        "Số ngoài Nhỏ nhất – Lớn nhất bị từ chối. Số bất thường được nhận, nhưng cần giải thích ở cột tương ứng khi gửi.",
        "Beyond the bounds a figure is refused. An odd one is taken, but must be explained in its column to be submitted.",
    ),
    (
        "Có thể viết 1234,5 hoặc 1.234,5 hoặc 1234.5. Dạng chữ “1.234” có hai cách hiểu nên bị từ chối.",
        "Numbers as text may be 1234,5 or 1.234,5 or 1234.5; the text “1.234” could be two numbers and is refused.",
    ),
    (
        "Tỷ lệ phần trăm: ghi 65, không ghi 65% (bảng tính sẽ lưu thành 0,65).",
        "Percentages: write 65, not 65% (which a spreadsheet keeps as 0.65).",
    ),
    (
        "Dòng để trống được bỏ qua, không xóa gì. Dòng giữ nguyên không thay đổi gì.",
        "An empty row is passed over and deletes nothing. A row left as it is changes nothing.",
    ),
    (
        "Không sửa Mã nhiệm vụ và Phiên bản: nhờ đó hệ thống nhận ra dòng và biết có ai sửa trong lúc đó không.",
        "Leave duty and version alone: by them the row is known, and whether somebody wrote meanwhile.",
    ),
    (
        "Tải tệp lên để kiểm tra trước; sai một dòng thì cả tệp không được nhận, và tệp trả về có cột Lỗi / Error.",
        "Upload the file as a trial first; with one wrong row none is taken, and the file comes back with a column of errors.",
    ),
    (
        "Tài liệu minh chứng đính kèm trong hệ thống, không gửi trong biểu này.",
        "Evidence is attached in the system, not in this sheet.",
    ),
    (
        "Sau khi đính kèm, ghi Số ghi trong tài liệu và Vị trí (trang, bảng), nếu khi đính kèm chưa ghi; thiếu thì phải giải thích.",
        "Once it is attached, give the figure as it states it and where (page, table), unless done before; or explain.",
    ),
)
